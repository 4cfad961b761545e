/** The app in this page. */
export const shop = (): HTMLElement => document.getElementById('app')!

/** Whether orders of that account stand in it. */
export const showing = (account: string): boolean =>
  [...shop().querySelectorAll('td')].some(({ textContent }) => textContent.startsWith(`${account}-`))

/** Counts the changes of the app that make it so; all changes without a condition. */
export function watchShop(isSo: (shop: HTMLElement) => boolean = () => true): { stop(): number } {
  let times = 0
  const observer = new MutationObserver((records) => {
    if (isSo(shop())) times += records.length
  })
  observer.observe(shop(), { subtree: true, childList: true, characterData: true, attributes: true })
  return {
    stop() {
      observer.disconnect()
      return times
    },
  }
}
