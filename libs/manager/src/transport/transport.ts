/** Whether the medium has what was written: at once where it is in this process, since a promise for each write costs. */
export type Written = boolean | Promise<boolean>;

/**
 * A medium: inboxes that others write to, claims that are compared and set, and a clock. Nothing here knows what a
 * frame means. Every medium passes the suite in `conformance.suite.ts`.
 */
export interface Transport {
  /** For messages: `redis`, `socket`, `memory`. */
  readonly kind: string;

  /**
   * Connects. Rejects where the medium cannot be used at all (bad credentials, an eviction policy), `close` came first, or
   * what was to be started for it failed, which the next call tries again; otherwise keeps trying for as long as it takes: `lastError` says why it is not there yet.
   */
  open(): Promise<void>;

  /** What the medium can do right now. */
  readonly state: TransportState;
  /** Calls `listener` at each change of state; returns how to stop. */
  onState(listener: (state: TransportState) => void): () => void;
  /** What last kept the medium from being connected, for messages; undefined while it is connected. */
  readonly lastError: Error | undefined;

  /**
   * Makes the inbox of `owner` and reads from it until it is closed. One process owns an inbox. Resolves once others can
   * write to it, which may take as long as `open`; rejects if the transport is closed meanwhile.
   */
  openInbox(owner: string, options: InboxOptions, reader: InboxReader): Promise<Inbox>;

  /**
   * Appends to the inbox of `owner`. True once the medium has it; false where there is no such inbox or the medium could
   * not be reached: the bytes may or may not have arrived, and the sender keeps them. Never rejects.
   * Writes to one lane of one inbox arrive in the order of their calls, as long as the medium is not lost in between.
   * `bytes` must not change until that is known, and are the caller's again then.
   */
  write(owner: string, lane: Lane, bytes: Uint8Array): Written;

  /**
   * The medium's clock now, in ms since 1970, reckoned from what was heard of it: no round trip. Later than or equal
   * to the stamp of every frame that this transport has delivered.
   */
  now(): number;

  readonly claims: Claims;

  /** Closes connections and inboxes. Idempotent. */
  close(): Promise<void>;
}

export type TransportState = 'connecting' | 'connected' | 'closed';

/** `beats` travels on a key and a connection of its own and is not held up by `frames`. */
export type Lane = 'frames' | 'beats';

export interface InboxOptions {
  /** Milliseconds that the inbox survives its owner. It is renewed every quarter of that while it is open. */
  ttl: number;
}

/** One item as it was read: its bytes and when the medium got it, by the medium's clock (ms). */
export interface Delivery {
  bytes: Uint8Array;
  at: number;
}

export interface InboxReader {
  /** Everything one read found, in the order of the medium. Called with the beats before the frames. Must not throw. */
  deliver(lane: Lane, deliveries: readonly Delivery[]): void;
  /**
   * The read just delivered reached the end of the inbox: nothing that was in it at `asOf` is still unread. `asOf` is by
   * `performance.now()`, when the read was sent: after a pause of this process, wait for one that is later than the pause.
   */
  drained(asOf: number): void;
  /**
   * The same of the beats alone, where more frames wait than one read takes: who sends many must not keep a server from
   * seeing who is silent. A medium that always reads to the end of both need not say it.
   */
  beatsDrained?(asOf: number): void;
  /** The medium lost the inbox and it was made again, or reading starts again from its first item (a new connection). */
  restarted(): void;
  /** The medium itself ended, and everything in it: inboxes and claims. What has its address next knows nothing of them. */
  perished?(): void;
}

export interface Inbox {
  /** Reads again from the first item that is still there: what was delivered may be delivered again. */
  reread(): void;
  /** Stops reading and removes the inbox. Idempotent. */
  close(): Promise<void>;
}

/**
 * Small entries with one owner each. `tag` is what the entry is about (a server's name, an object's name): entries with
 * different tags may lie on different nodes. All of these reject with a `MediumError` when the medium cannot be reached:
 * the change may or may not have been made.
 */
export interface Claims {
  /** Sets the entry to `next` (null removes it) only if it now is `expected` (null: absent); `ttl` in ms. */
  compareAndSet(key: ClaimKey, expected: string | null, next: string | null, ttl: number): Promise<ClaimOutcome>;
  /** The entry and the ms it still has. */
  read(key: ClaimKey): Promise<ClaimEntry | null>;
  /** Pushes the end of many entries out to `ttl` ms where they still are `value`; answers which of them are not. */
  renew(keys: readonly ClaimKey[], value: string, ttl: number): Promise<ClaimKey[]>;
  /** A number that grows by one each time and is never below the medium's clock in seconds. */
  nextGeneration(): Promise<number>;
  /** Says something of a server to all who look: replaced by the next `announce` of the same name, removed by null. */
  announce(name: string, text: string | null): Promise<void>;
  /** Everything announced, by name. */
  announced(): Promise<Map<string, string>>;
}

export interface ClaimKey {
  kind: 'server' | 'name';
  tag: string;
}

export interface ClaimEntry {
  value: string;
  ttl: number;
}

/** `current` is the entry after the attempt: the new one where `done`, else the one that stood in the way. */
export interface ClaimOutcome {
  done: boolean;
  current: ClaimEntry | null;
}
