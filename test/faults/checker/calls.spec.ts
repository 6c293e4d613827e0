import { describe, expect, it } from '@jest/globals';
import { answered, broken, called, failed, history, killed, listening, ran } from './histories.suite.js';

describe('a history of calls', () => {
  it('is whole where each ran once and was answered so, or failed as is said of it', () => {
    const events = history(
      ...[called('app.1#1'), ran('app.1#1', 1), answered('app.1#1', 1)],
      ...[called('app.1#2'), failed('app.1#2', 'CallTimeoutError', 'not-executed')],
      ...[called('app.1#3'), failed('app.1#3', 'CallTimeoutError', 'unknown')],
      ...[called('app.1#4'), ran('app.1#4', 2), failed('app.1#4', 'SessionExpiredError', 'unknown')],
      ...[called('app.1#5', { what: 'get' }), failed('app.1#5', 'QueueEmptyError', 'executed')],
    );
    expect(broken(events)).toEqual([]);
  });

  it.each([
    [
      'a call that ran twice',
      [called('app.1#1'), ran('app.1#1', 1), ran('app.1#1', 2), answered('app.1#1', 1)],
      'a call runs at most once',
    ],
    [
      'a call that ran twice, at two servers',
      [called('app.1#1'), ran('app.1#1', 1), ran('app.1#1', 1, { by: 'b.1', generation: 2 }), answered('app.1#1', 1)],
      'a call runs at most once',
    ],
    ['an answer to what never ran', [called('app.1#1'), answered('app.1#1', 1)], 'what was acknowledged ran'],
    [
      'the answer of another call',
      [called('app.1#1'), ran('app.1#1', 1), answered('app.1#1', 2)],
      'answers are those of the call',
    ],
    [
      'a call that ran and is said not to have',
      [called('app.1#1'), ran('app.1#1', 1), failed('app.1#1', 'CallTimeoutError', 'not-executed')],
      'what is said of a call is true',
    ],
    [
      'a call that is said to have run and did not',
      [called('app.1#1'), failed('app.1#1', 'RemoteError', 'executed')],
      'what is said of a call is true',
    ],
    ['a call that never ended', [called('app.1#1')], 'every call ends'],
    [
      'a call that outlasted its timeout',
      [called('app.1#1'), failed('app.1#1', 'CallTimeoutError', 'unknown', 9000)],
      'no call outlasts its timeout',
    ],
    ['an error that is not ours', [called('app.1#1'), failed('app.1#1', 'TypeError')], 'failures are typed'],
    [
      'an error that says that the protocol was broken',
      [called('app.1#1'), failed('app.1#1', 'ProtocolError', 'unknown')],
      'failures are typed',
    ],
    ['an error without a fate', [called('app.1#1'), failed('app.1#1', 'CallTimeoutError')], 'failures have a fate'],
    [
      'calls of a session in another order',
      [
        ...[called('app.1#1'), called('app.1#2'), ran('app.1#2', 1), ran('app.1#1', 2)],
        ...[answered('app.1#2', 1), answered('app.1#1', 2)],
      ],
      'calls start as they were made',
    ],
    [
      'a call that was started by a server that had lost its name',
      [listening('a.1', 1), called('app.1#1'), listening('a.2', 2), ran('app.1#1', 1), answered('app.1#1', 1)],
      'who lost its name starts nothing',
    ],
  ])('is broken by %s', (_, told, rule) => {
    expect(broken(history(...told))).toEqual([rule]);
  });

  it('says nothing of calls whose caller was killed', () => {
    expect(broken(history(called('app.1#1'), called('app.1#2'), ran('app.1#1', 1), killed()))).toEqual([]);
  });

  it('says nothing of the order of different sessions, objects, and calls that had waited since their start', () => {
    const events = history(
      ...[called('app.1#1'), called('app.1#2'), called('app.1#3'), called('app.1#4')],
      ...[ran('app.1#4', 1), ran('app.1#3', 1, { object: '1#2' }), ran('app.1#2', 2, { session: 's2' })],
      ran('app.1#1', 3, { late: true }),
      ...[answered('app.1#4', 1), answered('app.1#3', 1), answered('app.1#2', 2), answered('app.1#1', 3)],
    );
    expect(broken(events)).toEqual([]);
  });

  it('says nothing of what a server that lost its name had begun before', () => {
    const late = ran('app.1#1', 1, { late: true });
    const events = history(listening('a.1', 1), called('app.1#1'), listening('a.2', 2), late, answered('app.1#1', 1));
    expect(broken(events)).toEqual([]);
  });
});
