import { describe, expect, it } from '@jest/globals';
import {
  answered,
  broken,
  called,
  failed,
  fault,
  history,
  listening,
  ran,
  sessionEnded,
  type Told,
} from './histories.suite.js';

const disturbed = fault('way of an application half open, for long', 'app.1', 'begins', 3000);
const take = [called('t1', { what: 'take' }), answered('t1')];
const look = (at?: number): Told[] => [
  called('l1', { what: 'look', of: 't1', ...(at !== undefined && { at }) }),
  failed('l1', 'ObjectLostError', 'not-executed'),
];

describe('a history of sessions', () => {
  it('is broken by an answer that was taken after the lease', () => {
    const events = (at: number) =>
      history(
        disturbed,
        called('app.1#1'),
        ran('app.1#1', 1),
        sessionEnded('expired', 2500),
        answered('app.1#1', 1, { at }),
      );
    expect(broken(events(2600))).toEqual([]);
    expect(broken(events(3000))).toEqual(['nobody acts on a lease that is over']);
  });

  it('is broken by a lease that ends without a reason', () => {
    expect(broken(history(sessionEnded('expired')))).toEqual(['no lease ends without a reason']);
    expect(broken(history(disturbed, sessionEnded('expired')))).toEqual([]);
    expect(broken(history(sessionEnded('closed')))).toEqual([]);
  });

  it('is broken by a peer that is said to break the protocol', () => {
    expect(broken(history(disturbed, sessionEnded('protocol')))).toEqual(['nobody breaks the protocol']);
  });

  it('is broken by a reference that is held and gone, unless its session or its server is', () => {
    expect(broken(history(...take, ...look()))).toEqual(['what is held stays']);
    expect(broken(history(disturbed, ...take, sessionEnded('expired'), ...look()))).toEqual([]);
    expect(broken(history(listening('a.1', 1), ...take, listening('a.2', 2), ...look()))).toEqual([]);
    // What ended before it was taken has nothing to do with it.
    expect(broken(history(listening('a.1', 1), ...take, ...look(9000)))).toEqual(['what is held stays']);
  });

  it('is broken by whatever breaks, and by what stays behind', () => {
    expect(broken(history({ kind: 'trouble', text: 'unhandled rejection' }))).toEqual(['nothing breaks']);
    expect(broken(history({ kind: 'log', level: 'error', text: 'onSharedDispose() failed' }))).toEqual([
      'nothing breaks',
    ]);
    const superseded = 'The server name "a" now belongs to generation 7: this server stops.';
    expect(broken(history({ kind: 'log', level: 'error', text: superseded }))).toEqual([]);
    expect(broken([], { remains: ['An object'] })).toEqual(['all is as before in the end']);
  });
});
