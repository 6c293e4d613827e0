/** How an error was called where it came from. */
export interface ForeignName {
  /** Under which its class was registered there, or else what its constructor is called. */
  readonly type: string;
  readonly name: string;
}

/**
 * Errors that arrived as a `RemoteError` because their class is not known here. It may be known where they go next: so one
 * that hosted code lets through is sent on as what it was.
 */
const foreign = new WeakMap<object, ForeignName>();

export function rememberForeign(error: object, name: ForeignName): void {
  foreign.set(error, name);
}

export function foreignName(error: object): ForeignName | undefined {
  return foreign.get(error);
}
