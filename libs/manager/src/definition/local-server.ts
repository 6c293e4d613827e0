/** A server in the same process, as its own manager uses it: nothing travels, and calls are part of the call that runs. */
export interface LocalServer {
  readonly name: string;
  readonly generation: number;
  has(typeid: string): boolean;
  /** Runs a verb of the server (`ServerVerb`); proxies in its answer are hosted ones. */
  verb(verb: string, args: readonly unknown[]): Promise<unknown>;
}
