/** Injection token of the instance's name. */
export const INSTANCE = 'instance';
