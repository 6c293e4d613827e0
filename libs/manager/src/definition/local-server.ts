/** A server in the same process, as its own manager uses it: nothing travels, and calls are part of the call that runs. */
export interface LocalServer {
  readonly name: string;
  readonly generation: number;
  has(typeid: string): boolean;
  /** It has closed, and hosts nothing any more: its process is about to end. */
  readonly closed: boolean;
  /** Runs a verb of the server (`ServerVerb`); proxies in its answer are hosted ones. */
  verb(verb: string, args: readonly unknown[]): Promise<unknown>;
  /**
   * What comes from other servers is held as what comes from this one: lent to the call that runs now, or by code of the
   * server. The function takes what was answered.
   */
  adopter(): (value: unknown) => unknown;
}

/** How a server reaches objects of other servers: by the manager of its own. */
export interface ForeignObjects {
  /** A proxy of the ticket's object, at once; the ticket is redeemed meanwhile. */
  redeemed(ticket: string): object;
}
