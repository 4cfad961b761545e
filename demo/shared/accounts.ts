/** The people who can sign in. Their passwords are on the page: this is a demo, and they protect nothing. */
export const ACCOUNTS = [
  {
    id: 'ann',
    name: 'Ann Baker',
    email: 'ann@example.com',
    password: 'brass-key-7',
    roles: [],
    about: 'Customer',
  },
  {
    id: 'ada',
    name: 'Ada Moss',
    email: 'ada@example.com',
    password: 'iron-bolt-3',
    roles: ['admin'],
    about: 'Manager',
  },
] as const

export type Account = (typeof ACCOUNTS)[number]
export type AccountId = Account['id']

export const nameOfAccount = (id: string | undefined): string =>
  ACCOUNTS.find((account) => account.id === id)?.name ?? 'somebody'
