import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../protocol/errors.js';
import { currentCall, findCall, runInCall, runInCallContext, type CallContext } from './call-context.js';

function call(session: string): CallContext {
  return {
    session,
    application: 'shop',
    task: undefined,
    signal: new AbortController().signal,
    deadline: undefined,
    fence: 1n,
    onUndelivered() {},
    onDelivered() {},
    onSessionEnd: () => () => undefined,
    object: undefined,
    logger: { log() {}, warn() {}, error() {} },
  };
}
const failing = () => {
  throw new RangeError('no');
};
const seen = () => findCall()?.session;
const seenLater = () => turn().then(seen);
const a = call('a');
const b = call('b');

describe('currentCall', () => {
  it('says where it may be called from', () => {
    expect(() => currentCall()).toThrow(ConfigurationError);
    expect(() => currentCall()).toThrow(/outside a call.*after the first `await`.*context: true/s);
    expect(findCall()).toBeUndefined();
  });
});

describe('a call without context', () => {
  it('is current in its synchronous part only', async () => {
    const result = runInCall(a, async () => {
      const before = currentCall();
      await Promise.resolve();
      return [before, findCall()];
    });
    expect(findCall()).toBeUndefined();
    expect(await result).toEqual([a, undefined]);
  });

  it('is not seen by what it starts', async () => {
    const later = runInCall(a, () => Promise.resolve().then(seen));
    const timer = runInCall(a, seenLater);
    expect(await Promise.all([later, timer])).toEqual([undefined, undefined]);
  });

  it('gives way to a call within it, and comes back', () => {
    const order = runInCall(a, () => [seen(), runInCall(b, seen), seen()]);
    expect(order).toEqual(['a', 'b', 'a']);
  });

  it('ends with a throw', () => {
    expect(() => runInCall(a, failing)).toThrow(RangeError);
    expect(findCall()).toBeUndefined();
  });
});

describe('a call with context', () => {
  it('is current throughout', async () => {
    const result = runInCallContext(a, async () => {
      const order = [seen()];
      await Promise.resolve();
      order.push(seen());
      await turn();
      order.push(currentCall().session);
      return order;
    });
    expect(findCall()).toBeUndefined();
    expect(await result).toEqual(['a', 'a', 'a']);
  });

  it('does not mix with others that interleave', async () => {
    expect(await Promise.all([a, b, a].map((context) => runInCallContext(context, seenLater)))).toEqual([
      'a',
      'b',
      'a',
    ]);
  });

  it('does not show through a call without context that it makes', async () => {
    const order = await runInCallContext(a, async () => {
      await Promise.resolve();
      const inner = await runInCall(b, async () => {
        const first = seen();
        await Promise.resolve();
        return [first, seen()];
      });
      return [...inner, seen()];
    });
    expect(order).toEqual(['b', undefined, 'a']);
  });

  it('is the current one inside a call without context', async () => {
    const order = await runInCall(a, async () => {
      const inner = runInCallContext(b, async () => {
        const first = seen();
        await Promise.resolve();
        return [first, seen()];
      });
      return [seen(), ...(await inner), seen()];
    });
    expect(order).toEqual(['a', 'b', 'b', undefined]);
  });

  it('ends with a throw', () => {
    expect(() => runInCallContext(a, failing)).toThrow(RangeError);
    expect(findCall()).toBeUndefined();
  });
});
