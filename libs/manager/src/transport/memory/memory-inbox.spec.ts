import { afterEach, describe, expect, it } from '@jest/globals';
import type { Delivery } from '../transport.js';
import { MemoryInbox } from './memory-inbox.js';

describe('what an inbox keeps of what was read', () => {
  let inbox: MemoryInbox;
  let read: Delivery[] = [];

  /** Delivers what was written, in reads of so many items each. */
  function deliver(...reads: Uint8Array[][]): void {
    for (const items of reads) {
      for (const bytes of items) inbox.push('frames', bytes);
      inbox.read();
    }
  }
  /** What is read again. */
  function again(): Uint8Array[] {
    read = [];
    inbox.reread();
    inbox.read();
    return read.map(({ bytes }) => bytes);
  }
  const item = (number: number, size = 1): Uint8Array => new Uint8Array(size).fill(number % 251);

  function open(): void {
    read = [];
    inbox = new MemoryInbox({
      ttl: 1000,
      alone: false,
      clock: () => 0,
      remove: () => undefined,
      reader: {
        deliver: (_, deliveries) => read.push(...deliveries),
        drained: () => undefined,
        restarted: () => undefined,
      },
    });
  }
  afterEach(() => inbox.close());

  it.each([
    [1, 200],
    [10, 30],
    [63, 5],
    [64, 5],
    [65, 5],
    [1000, 2],
  ])('is the end of it, 64 items at least, in reads of %d', (size, reads) => {
    open();
    const all = Array.from({ length: size * reads }, (_, index) => item(index));
    deliver(...Array.from({ length: reads }, (_, index) => all.slice(index * size, (index + 1) * size)));
    const kept = again();
    expect(kept.length).toBeGreaterThanOrEqual(64);
    expect(kept.length).toBeLessThan(64 * 3);
    expect(kept).toEqual(all.slice(-kept.length));
    const once = again();
    expect(once.length).toBeGreaterThanOrEqual(64);
    expect(once).toEqual(all.slice(-once.length));
  });

  it('is a few MiB at most, and has no hole', () => {
    open();
    const huge = item(1, 2 ** 24);
    const all = [item(0), huge, ...Array.from({ length: 20 }, (_, index) => item(index + 2, 200_000))];
    deliver([all[0]!, huge], all.slice(2, 7), ...all.slice(7).map((one) => [one]));
    const kept = again();
    expect(kept.length).toBeGreaterThan(4);
    expect(kept.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(3 * 2 ** 20);
    expect(kept).toEqual(all.slice(-kept.length));
  });

  it('is nothing behind an item that is too large to be kept', () => {
    open();
    deliver([item(0)], [item(1, 2 ** 24)]);
    expect(again()).toEqual([]);
    deliver([item(2)]);
    expect(again()).toEqual([item(2)]);
  });
});
