import { setMaxListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import type { SharedProxy } from '../../definition/index.js';
import { createTestManager, type TestManager } from '../../testing/index.js';
import type { Manager } from '../index.js';
import { untilState } from '../support/state.suite.js';
import type { SharedEvent } from './referent.js';

const WAITERS = 10_000;
/** Those that one signal ends: Node takes long to add many listeners to one. */
const OF_ONE_SIGNAL = 2000;

/** Bytes in use once the collector has been. */
async function heap(): Promise<number> {
  const readings: number[] = [];
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      (globalThis as { gc?: () => void }).gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    readings.push(process.memoryUsage().heapUsed);
  }
  return Math.min(...readings);
}

const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

describe('many waiters on one event', () => {
  let test: TestManager;
  let manager: Manager;
  let event: SharedProxy<SharedEvent>;
  let sides: SharedProxy<SharedEvent>[];
  beforeEach(async () => {
    test = await createTestManager();
    ({ manager } = test);
    event = await manager.named('start').event();
    sides = [event, await test.connect({ application: 'other' }).named('start').event()];
  });
  afterEach(() => test.close());

  /** Every second one has a timer. */
  const wait = (count: number, of = sides): Promise<boolean>[] =>
    Array.from({ length: count }, (_, i) => of[i % of.length]!.wait(i % 4 < 2 ? undefined : 60_000));
  const untilWaiting = (count: number): Promise<void> =>
    untilState(manager, event, ({ waiting, running }) => waiting === count && running === count);

  it('are all woken by one set, and leave neither waiters, timers nor memory', async () => {
    const round = async (): Promise<number> => {
      const waiting = wait(WAITERS);
      await untilWaiting(WAITERS);
      const since = performance.now();
      await event.set();
      const answers = await Promise.all(waiting);
      const took = performance.now() - since;
      expect(answers.every(Boolean)).toBe(true);
      await untilWaiting(0);
      await event.clear();
      return took;
    };
    await round();
    const [bytes, count] = [await heap(), timers()];
    expect(await round()).toBeLessThan(1000);
    expect(timers()).toBeLessThanOrEqual(count + 1);
    expect((await heap()) / bytes).toBeLessThan(1.1);
  });

  it('leave nothing behind where their signal ends them', async () => {
    const round = async (): Promise<void> => {
      const stop = new AbortController();
      setMaxListeners(0, stop.signal);
      const waiting = wait(
        OF_ONE_SIGNAL,
        sides.map((side) => manager.with(side, { signal: stop.signal })),
      ).map(failure);
      await untilWaiting(OF_ONE_SIGNAL);
      stop.abort();
      expect(new Set((await Promise.all(waiting)).map(({ name }) => name))).toEqual(new Set(['CallAbortedError']));
      await untilWaiting(0);
    };
    await round();
    const [bytes, count] = [await heap(), timers()];
    await round();
    expect(timers()).toBeLessThanOrEqual(count + 1);
    expect((await heap()) / bytes).toBeLessThan(1.1);
  });
});
