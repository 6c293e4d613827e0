import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { QueueItems, type Entry } from './items.js';

it('items leave in the order in which they came, in whatever order some of them come back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constant('add' as const), fc.constant('take' as const), fc.nat(5)), { maxLength: 200 }),
      (program) => {
        const items = new QueueItems<number>();
        const out: Entry<number>[] = [];
        const inside: number[] = [];
        /** What left, and what was the oldest then. */
        const taken: [number, number][] = [];
        let next = 0;
        for (const step of program) {
          if (step === 'add') {
            inside.push(next);
            items.add(next++);
          } else if (step === 'take' && items.size > 0) {
            const entry = items.take();
            taken.push([entry.item, Math.min(...inside)]);
            inside.splice(inside.indexOf(entry.item), 1);
            out.push(entry);
          } else if (typeof step === 'number' && step < out.length) {
            const [entry] = out.splice(step, 1) as [Entry<number>];
            inside.push(entry.item);
            items.putBack(entry);
          }
          expect(items.size).toBe(inside.length);
        }
        for (const [item, oldest] of taken) expect(item).toBe(oldest);
        expect(items.all().map(({ item }) => item)).toEqual([...inside].sort((a, b) => a - b));
        expect(items.size).toBe(0);
      },
    ),
  );
});

it('many items pass without the front being kept', () => {
  const items = new QueueItems<number>();
  for (let i = 0; i < 10_000; i++) {
    items.add(i);
    items.add(i);
    expect(items.take().item).toBe(Math.floor(i / 2));
  }
  expect(items.size).toBe(10_000);
});
