import { MediumError } from '../medium-error.js';
import { StateHolder } from '../state-holder.js';
import type { Claims, Inbox, InboxOptions, InboxReader, Lane, Transport, TransportState } from '../transport.js';
import { MemoryInbox } from './memory-inbox.js';
import type { MemoryStore } from './memory-store.js';

/** One process's access to a {@link MemoryMedium}. */
export class MemoryTransport implements Transport {
  readonly kind = 'memory';
  readonly lastError = undefined;
  readonly claims: Claims;
  readonly #medium: { now(): number };
  readonly #inboxes: Map<string, MemoryInbox>;
  readonly #own = new Set<MemoryInbox>();
  readonly #state = new StateHolder();

  constructor(medium: { now(): number }, inboxes: Map<string, MemoryInbox>, store: MemoryStore) {
    this.#medium = medium;
    this.#inboxes = inboxes;
    this.claims = this.#claims(store);
  }

  get state(): TransportState {
    return this.#state.current;
  }

  onState(listener: (state: TransportState) => void): () => void {
    return this.#state.listen(listener);
  }

  async open(): Promise<void> {
    await turn();
    this.#state.set('connected');
    this.#check();
  }

  async openInbox(owner: string, options: InboxOptions, reader: InboxReader): Promise<Inbox> {
    await turn();
    this.#check();
    if (this.#inboxes.get(owner)?.alive) throw new MediumError(`the inbox of ${owner} is open already`);
    const inbox: MemoryInbox = new MemoryInbox(
      options.ttl,
      reader,
      () => this.#medium.now(),
      () => {
        this.#own.delete(inbox);
        if (this.#inboxes.get(owner) === inbox) this.#inboxes.delete(owner);
      },
    );
    this.#inboxes.set(owner, inbox);
    this.#own.add(inbox);
    return inbox;
  }

  write(owner: string, lane: Lane, bytes: Uint8Array): Promise<boolean> {
    const inbox = this.state === 'connected' ? this.#inboxes.get(owner) : undefined;
    if (!inbox?.alive) return Promise.resolve(false);
    inbox.append(lane, bytes);
    return Promise.resolve(true);
  }

  now(): number {
    return this.#medium.now();
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
    if (this.state !== 'connected') throw new MediumError(`the memory transport is ${this.state}`);
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
