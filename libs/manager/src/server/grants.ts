import type { Holder, HostedObject, ObjectTable } from './object-table.js';

/** Who a session belongs to, as the census names it. */
export interface SessionIdentity {
  readonly id: string;
  readonly application: string;
  readonly host: string;
  readonly pid: number;
}

/** What one session holds of one object: the last grant it was sent, and the highest it gave back. */
class GrantRow implements Holder {
  readonly kind = 'session';
  readonly since = Date.now();
  last = 0;
  released = 0;
  /** The message in which it was granted last. */
  message = -1;
  /** Grants made and not given back, as far as the server knows. */
  count = 0;

  constructor(
    readonly object: HostedObject,
    readonly session: SessionIdentity,
    readonly onGone: () => void,
  ) {}

  describe(): Record<string, unknown> {
    const { id, application, host, pid } = this.session;
    return { session: id, application, host, pid, grants: this.count };
  }
}

/**
 * The references that one session holds. A row goes whenever the highest release reaches the last grant: so a release
 * that is late, repeated or meant for something unknown changes nothing, and one that crosses a newer grant frees nothing.
 */
export class Grants {
  readonly #table: ObjectTable;
  readonly #session: SessionIdentity;
  readonly #rows = new Map<number, GrantRow>();
  /** One counter for the session, never reused: a new row for an object cannot mistake an old release for its own. */
  #counter = 0;
  #message = 0;
  /** Grants made since `begin`, as they can be taken back: the row and its last grant before. */
  readonly #made: { row: GrantRow; previous: number }[] = [];

  constructor(table: ObjectTable, session: SessionIdentity) {
    this.#table = table;
    this.#session = session;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** The object, if this session holds it. */
  find(id: number): HostedObject | undefined {
    return this.#rows.get(id)?.object;
  }

  /** Grants the session one more reference, or the one of this message again; answers its number. */
  grant(object: HostedObject): number {
    let row = this.#rows.get(object.id);
    if (!row) {
      row = new GrantRow(object, this.#session, () => this.#rows.delete(object.id));
      this.#rows.set(object.id, row);
      this.#table.hold(object, row);
    }
    // In one message an object is one reference, however many values stand for it.
    if (row.message === this.#message) return row.last;
    row.message = this.#message;
    this.#made.push({ row, previous: row.last });
    row.last = ++this.#counter;
    row.count++;
    return row.last;
  }

  /** What was granted since `begin`. */
  granted(): HostedObject[] {
    return this.#made.map(({ row }) => row.object);
  }

  /** A message is about to be encoded: `rollback` takes back what is granted from here on. */
  begin(): void {
    this.#message++;
    if (this.#made.length > 0) this.#made.length = 0;
  }

  /** The message is on its way: nothing of it is taken back, nor kept in mind, since its objects may go before the next. */
  commit(): void {
    this.#made.length = 0;
  }

  /** The message could not be encoded. Taking its grants back may free their objects. */
  rollback(): void {
    for (const { row, previous } of this.#made.reverse()) {
      row.last = previous;
      row.count--;
      this.#settle(row);
    }
    this.#made.length = 0;
  }

  release(id: number, grant: number): void {
    const row = this.#rows.get(id);
    if (!row || grant <= row.released) return;
    // A release of what was never granted would free what is granted later; no honest peer sends one.
    row.released = Math.min(grant, this.#counter);
    this.#settle(row);
  }

  /** The session ended: everything goes, once. */
  clear(): void {
    const rows = [...this.#rows.values()];
    this.#rows.clear();
    for (const row of rows) this.#table.drop(row.object, row);
  }

  #settle(row: GrantRow): void {
    if (row.released < row.last) return;
    if (this.#rows.get(row.object.id) !== row) return;
    this.#rows.delete(row.object.id);
    this.#table.drop(row.object, row);
  }
}
