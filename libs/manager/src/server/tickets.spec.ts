import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { defineType } from '../definition/index.js';
import { formatTicket, parseTicket } from '../protocol/index.js';
import { ObjectTable, type Holder, type HostedObject } from './object-table.js';
import { Tickets } from './tickets.js';

class Thing {
  onSharedDispose(): void {
    disposed++;
  }
}

const ThingType = defineType(Thing, { typeid: 'Thing' });
let disposed: number;
let table: ObjectTable;
let tickets: Tickets;
let object: HostedObject;
let maker: Holder;
const pins: Holder[] = [];

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  disposed = 0;
  pins.length = 0;
  table = new ObjectTable({ disposeFailed: () => undefined });
  tickets = new Tickets({ table, identity: () => ({ name: 'default', generation: 7 }) });
  object = table.host(ThingType, new Thing());
  maker = { kind: 'session', since: 0, describe: () => ({}) };
  table.hold(object, maker);
});
afterEach(() => {
  jest.useRealTimers();
});

function issue(ttl: unknown = 1000, uses: unknown = 1): string {
  return tickets.issue(object, ttl, uses, 'shop');
}

/** Redeems it as a call would, which holds the object until its answer is on its way. */
function redeem(text: string, secret?: Uint8Array): HostedObject {
  const ticket = parseTicket(text);
  const pin: Holder = { kind: 'call', since: 0, describe: () => ({}) };
  return tickets.redeem(ticket.number, secret ?? ticket.secret, (found) => {
    pins.push(pin);
    table.hold(found, pin);
  });
}

function refusal(action: () => unknown): Record<string, unknown> & Error {
  try {
    action();
  } catch (error) {
    return error as Record<string, unknown> & Error;
  }
  throw new Error('It was taken.');
}

describe('a ticket', () => {
  it('says which object of which start of which server it is of', () => {
    expect(parseTicket(issue())).toMatchObject({ server: 'default', generation: 7, typeid: 'Thing', objectId: 1 });
  });

  it('holds its object until it was redeemed, and lets go only after whoever redeemed it holds it', () => {
    const text = issue();
    table.drop(object, maker);
    expect(object.freed).toBe(false);
    expect(redeem(text)).toBe(object);
    expect([...object.holders]).toEqual(pins);
    table.drop(object, pins[0] as Holder);
    expect(object.freed).toBe(true);
    expect(disposed).toBe(1);
  });

  it('holds its object until its last use', () => {
    const text = issue(1000, 3);
    table.drop(object, maker);
    for (let i = 0; i < 3; i++) {
      expect(object.freed).toBe(false);
      redeem(text);
      table.drop(object, pins[i] as Holder);
    }
    expect(object.freed).toBe(true);
    expect(refusal(() => redeem(text))).toMatchObject({ reason: 'used-up', typeid: 'Thing', objectId: 1 });
  });

  it('of infinite uses is good until it expires', () => {
    const text = issue(1000, Infinity);
    for (let i = 0; i < 100; i++) redeem(text);
    jest.advanceTimersByTime(1000);
    expect(refusal(() => redeem(text))).toMatchObject({ reason: 'expired', fate: 'not-executed' });
    expect(pins).toHaveLength(100);
  });

  it('that expires lets its object go, and leaves no timer', () => {
    const text = issue(1000);
    table.drop(object, maker);
    jest.advanceTimersByTime(999);
    expect(disposed).toBe(0);
    jest.advanceTimersByTime(1);
    expect(disposed).toBe(1);
    expect(refusal(() => redeem(text))).toMatchObject({ reason: 'expired', typeid: 'Thing', objectId: 1 });
    expect(tickets.size).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('that is used up leaves no timer', () => {
    redeem(issue());
    expect(jest.getTimerCount()).toBe(0);
    expect(tickets.size).toBe(0);
  });

  it('is expired by the clock, however late the timer is', () => {
    const text = issue(1000);
    table.drop(object, maker);
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 1000);
    expect(refusal(() => redeem(text))).toMatchObject({ reason: 'expired' });
    clock.mockRestore();
    expect(disposed).toBe(1);
    expect(pins).toHaveLength(0);
  });

  it('does not live longer because the time of day is set back', () => {
    const text = issue(1000);
    jest.setSystemTime(Date.now() - 3_600_000);
    jest.advanceTimersByTime(1000);
    expect(refusal(() => redeem(text))).toMatchObject({ reason: 'expired' });
  });

  it('whose secret was guessed is unknown, and what was guessed spends and tells nothing', () => {
    const text = issue();
    const { secret } = parseTicket(text);
    for (const guess of [secret.with(0, (secret[0] as number) ^ 1), secret.slice(1), new Uint8Array(0)]) {
      expect(refusal(() => redeem(text, guess))).toMatchObject({ reason: 'unknown', fate: 'not-executed' });
    }
    expect(redeem(text)).toBe(object);
    // Used up now, which is nobody's business who does not know the secret.
    expect(refusal(() => redeem(text, new Uint8Array(16)))).toMatchObject({ reason: 'unknown' });
  });

  it.each([undefined, null, 1.5, -1, '1', {}, Infinity])('of the number %p is unknown', (number) => {
    issue();
    expect(refusal(() => tickets.redeem(number, new Uint8Array(16), () => undefined))).toMatchObject({
      reason: 'unknown',
    });
    expect(refusal(() => tickets.redeem(1, number, () => undefined))).toMatchObject({ reason: 'unknown' });
  });

  it('of an object that was taken from everybody says that it is lost', () => {
    const text = issue(1000, Infinity);
    table.evict(object);
    expect(disposed).toBe(1);
    expect(refusal(() => redeem(text))).toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST', fate: 'not-executed' });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is remembered when it is over, for as long as not too many others are', () => {
    const first = issue();
    redeem(first);
    for (let i = 0; i < 9_999; i++) redeem(issue());
    expect(refusal(() => redeem(first))).toMatchObject({ reason: 'used-up' });
    redeem(issue());
    expect(refusal(() => redeem(first))).toMatchObject({ reason: 'unknown' });
  });

  it('is shown by the census', () => {
    const text = issue(1000, 3);
    redeem(text);
    const [, hold] = object.holders;
    expect(hold?.kind).toBe('ticket');
    expect(hold?.describe()).toEqual({ application: 'shop', expiresAt: (hold?.since ?? 0) + 1000, uses: 2 });
  });

  it('is not made with options that cannot be', () => {
    for (const [ttl, uses] of [
      [0, 1],
      [1000, 0],
      [null, undefined],
    ]) {
      expect(refusal(() => issue(ttl, uses))).toMatchObject({
        code: 'ERR_MANAGER_CONFIGURATION',
        fate: 'not-executed',
      });
    }
    expect(object.holders.size).toBe(1);
  });

  it('of one object is none of another, whatever else it says', () => {
    const other = table.host(ThingType, new Thing());
    table.hold(other, maker);
    const mine = parseTicket(issue());
    const theirs = parseTicket(tickets.issue(other, 1000, 1, 'shop'));
    const mixed = formatTicket({ ...theirs, secret: mine.secret });
    expect(refusal(() => redeem(mixed))).toMatchObject({ reason: 'unknown' });
  });
});
