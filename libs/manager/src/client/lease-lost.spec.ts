import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { onLeaseLost, remote, SharedType, type SharedProxy } from '../definition/index.js';
import { SessionExpiredError } from '../protocol/index.js';
import { failure, House, until, type Line } from './house.suite.js';
import type { Manager } from './index.js';

const events: string[] = [];

@SharedType()
class Ledger {
  note(event: string): void {
    events.push(event);
  }
}

const LEASE = 500;

describe('onLeaseLost', () => {
  let house: House;
  let manager: Manager;
  let line: Line;
  let ledger: SharedProxy<Ledger>;
  beforeEach(async () => {
    events.length = 0;
    house = new House();
    await house.server([Ledger], { lease: LEASE });
    line = house.line();
    manager = house.manager({ transport: line });
    ledger = await manager.create(Ledger);
  });
  afterEach(() => house.close());

  it('is told when the manager is closed, once', async () => {
    const reasons: unknown[] = [];
    onLeaseLost(ledger, (reason) => reasons.push(reason));
    await manager.close();
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatchObject({ name: 'ManagerClosedError' });
  });

  it('is not told once it was taken off', async () => {
    let told = false;
    onLeaseLost(ledger, () => (told = true))();
    await manager.close();
    expect(told).toBe(false);
  });

  it('is told at once where nothing is held any more', async () => {
    await manager.close();
    const reasons: unknown[] = [];
    onLeaseLost(ledger, (reason) => reasons.push(reason));
    expect(reasons).toHaveLength(1);
    const lazy = house.manager().named('never reached').lazy(Ledger);
    onLeaseLost(lazy, (reason) => reasons.push(reason));
    expect(reasons).toHaveLength(2);
  });

  it('is told when the lease may be over, and what it calls is heard before any later call', async () => {
    const reason = new Promise((resolve) => {
      onLeaseLost(ledger, (why) => {
        void remote<Ledger>(ledger).note('given back');
        resolve(why);
      });
    });
    // Nothing is heard of the server any more, which goes on hearing of this application.
    line.deaf = true;
    expect(await reason).toBeInstanceOf(SessionExpiredError);
    const later = ledger.note('later');
    line.mend();
    await later;
    expect(events).toEqual(['given back', 'later']);
  });

  it('is told before a call leaves that is made after the process was blocked for longer than the lease', async () => {
    onLeaseLost(
      ledger,
      () =>
        void remote<Ledger>(ledger)
          .note('given back')
          .catch(() => undefined),
    );
    const until = Date.now() + LEASE * 1.5;
    while (Date.now() < until);
    await failure(ledger.note('later').then(() => Promise.reject(new Error('done'))));
    expect(events.slice(0, 2)).toEqual(['given back', 'later']);
  });

  it('is told before a call leaves for another server, too', async () => {
    await house.server([Ledger], { name: 'second', lease: LEASE });
    const there = await manager.at('second').create(Ledger);
    let told = false;
    onLeaseLost(ledger, () => (told = true));
    const until = Date.now() + LEASE * 1.5;
    while (Date.now() < until);
    const call = there.note('there');
    expect(told).toBe(true);
    await call;
  });

  it('gives everything back before any code of users runs that is told of it', async () => {
    let all: ((value: unknown) => void) | undefined;
    const told = new Promise((resolve) => (all = resolve));
    for (const name of ['first', 'second']) {
      onLeaseLost(ledger, () => {
        void remote<Ledger>(ledger).note(`${name} given back`);
        return () => {
          void ledger.note(`${name} told`);
          all?.(undefined);
        };
      });
    }
    line.deaf = true;
    await told;
    line.mend();
    await ledger.note('end');
    expect(events).toEqual(['first given back', 'second given back', 'first told', 'second told', 'end']);
  });

  it('is told when the server is gone', async () => {
    const second = await house.server([Ledger], { name: 'second', lease: LEASE });
    const there = await manager.at('second').create(Ledger);
    let told = false;
    onLeaseLost(there, () => (told = true));
    await second.close();
    await until(() => told);
  });
});
