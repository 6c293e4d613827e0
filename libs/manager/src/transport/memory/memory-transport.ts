import { MediumError } from '../medium-error.js';
import { StateHolder } from '../state-holder.js';
import type { Claims, Inbox, InboxOptions, InboxReader, Lane, Transport, TransportState } from '../transport.js';
import type { Mailbox } from './mailbox.js';
import { MemoryInbox } from './memory-inbox.js';
import type { MemoryStore } from './memory-store.js';

/** What the transports of one process have in common. */
export interface MemoryRoom {
  /** For messages. */
  readonly kind: string;
  /** Whether everything that is written comes from this process: see `MemoryInboxOptions`. */
  readonly alone: boolean;
  readonly inboxes: Map<string, Mailbox>;
  readonly store: MemoryStore;
  now(): number;
  open(): Promise<void>;
}

/** Access to inboxes and claims that are kept in this process. */
export class MemoryTransport implements Transport {
  readonly lastError = undefined;
  readonly claims: Claims;
  readonly #room: MemoryRoom;
  readonly #own = new Set<MemoryInbox>();
  readonly #state = new StateHolder();

  constructor(room: MemoryRoom) {
    this.#room = room;
    this.claims = this.#claims(room.store);
  }

  get kind(): string {
    return this.#room.kind;
  }

  get state(): TransportState {
    return this.#state.current;
  }

  onState(listener: (state: TransportState) => void): () => void {
    return this.#state.listen(listener);
  }

  async open(): Promise<void> {
    await this.#room.open();
    await turn();
    this.#state.set('connected');
    this.#check();
  }

  async openInbox(owner: string, options: InboxOptions, reader: InboxReader): Promise<Inbox> {
    await turn();
    this.#check();
    const { alone, inboxes } = this.#room;
    if (inboxes.get(owner)?.alive) throw new MediumError(`the inbox of ${owner} is open already`);
    const inbox: MemoryInbox = new MemoryInbox({
      ttl: options.ttl,
      reader,
      alone,
      clock: () => this.#room.now(),
      remove: () => {
        this.#own.delete(inbox);
        if (inboxes.get(owner) === inbox) inboxes.delete(owner);
      },
    });
    inboxes.set(owner, inbox);
    this.#own.add(inbox);
    return inbox;
  }

  write(owner: string, lane: Lane, bytes: Uint8Array): boolean {
    const inbox = this.state === 'connected' ? this.#room.inboxes.get(owner) : undefined;
    return inbox?.alive === true && inbox.append(lane, bytes);
  }

  now(): number {
    return this.#room.now();
  }

  async close(): Promise<void> {
    this.#state.set('closed');
    for (const inbox of [...this.#own]) await inbox.close();
  }

  /** See {@link MemoryMedium.kill}. */
  abandon(): void {
    this.#state.set('closed');
    for (const inbox of this.#own) inbox.abandon();
    this.#own.clear();
  }

  #check(): void {
    if (this.state !== 'connected') throw new MediumError(`the ${this.kind} transport is ${this.state}`);
  }

  #claims(store: MemoryStore): Claims {
    // What is asked happens in the order of asking; the answer comes a turn later, as from anywhere else.
    const ask = async <T>(work: () => T): Promise<T> => {
      this.#check();
      const answer = work();
      await turn();
      return answer;
    };
    return {
      compareAndSet: (key, expected, next, ttl) => ask(() => store.compareAndSet(key, expected, next, ttl)),
      read: (key) => ask(() => store.read(key)),
      renew: (keys, value, ttl) => ask(() => store.renew(keys, value, ttl)),
      nextGeneration: () => ask(() => store.nextGeneration()),
      announce: (name, text) => ask(() => store.announce(name, text)),
      announced: () => ask(() => store.announced()),
    };
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
