/** Bytes of writes that were not answered: the hub is stopped, and what is beyond stays with whoever wants to write it. */
const MOST = 64 * 1024 * 1024;

interface Pending {
  readonly bytes: number;
  readonly resolve: (taken: boolean) => void;
}

/** Writes on one connection that the hub has not answered yet; it answers them in their order. */
export class PendingWrites {
  #pending: Pending[] = [];
  #head = 0;
  #bytes = 0;

  /** Whether another one may be sent. */
  get full(): boolean {
    return this.#bytes > MOST;
  }

  add(bytes: number): Promise<boolean> {
    this.#bytes += bytes;
    return new Promise((resolve) => {
      if (this.#pending.length === 0) this.#pending = [{ bytes, resolve }];
      else this.#pending.push({ bytes, resolve });
    });
  }

  /** The oldest `count` were taken, or not. False where there are not as many. */
  settle(count: number, taken: boolean): boolean {
    const end = this.#head + count;
    if (end > this.#pending.length) return false;
    for (; this.#head < end; this.#head++) {
      const { bytes, resolve } = this.#pending[this.#head] as Pending;
      this.#bytes -= bytes;
      resolve(taken);
    }
    if (this.#head === this.#pending.length) {
      this.#pending = [];
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#pending = this.#pending.slice(this.#head);
      this.#head = 0;
    }
    return true;
  }

  /** The connection is gone: what became of them is not known. */
  fail(): void {
    this.settle(this.#pending.length - this.#head, false);
  }
}
