export const startMock = async (): Promise<void> => {}
