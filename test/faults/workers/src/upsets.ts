const clock = Date.now;

/** What goes wrong inside a process, on command. */
export const upsets = {
  /** The event loop stands still; the processor is left to others. */
  block(ms: number): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  },

  /** The wall clock is so many ms off. */
  setClock(offset: number): void {
    Date.now = offset === 0 ? clock : (): number => clock() + offset;
  },
};
