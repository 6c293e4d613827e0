import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { onAbort } from './on-abort.js';

describe('listening to a signal of many calls', () => {
  it('takes one listener for all of them, for as long as there are any', () => {
    const { signal } = new AbortController();
    const unlisten = [1, 2, 3].map(() => onAbort(signal, () => undefined));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const one of unlisten) one();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('tells each of them once, in the order in which they came', () => {
    const controller = new AbortController();
    const told: number[] = [];
    for (const i of [1, 2, 3]) onAbort(controller.signal, () => told.push(i));
    controller.abort();
    expect(told).toEqual([1, 2, 3]);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('does not tell who left, be it while others are told', () => {
    const controller = new AbortController();
    const told: string[] = [];
    const first = onAbort(controller.signal, () => told.push('first'));
    onAbort(controller.signal, () => {
      told.push('second');
      third();
    });
    const third = onAbort(controller.signal, () => told.push('third'));
    first();
    controller.abort();
    expect(told).toEqual(['second']);
  });

  it('is ended twice, or after the signal fired, without harm to those who came later', () => {
    const controller = new AbortController();
    const told: string[] = [];
    const early = onAbort(controller.signal, () => told.push('early'));
    early();
    onAbort(controller.signal, () => told.push('late'));
    early();
    controller.abort();
    early();
    expect(told).toEqual(['late']);
  });
});
