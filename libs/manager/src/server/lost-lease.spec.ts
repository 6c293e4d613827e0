import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deferred, failure, House, Line, turns, until, type Deferred } from '../client/house.suite.js';
import { SharedType, type SharedProxy } from '../definition/index.js';
import type { Claims } from '../transport/index.js';

const LEASE = 300;

let started: number[];
let gates: Deferred[];

@SharedType({ serial: true })
class Press {
  async print(sheet: number): Promise<number> {
    started.push(sheet);
    await gates[sheet]?.promise;
    return sheet;
  }
}

@SharedType()
class Printer {
  async printTwice(press: SharedProxy<Press>): Promise<number> {
    await gates[0]?.promise;
    return press.print(1);
  }
}

/** A line on which claims, too, reach nobody while it is cut. */
class ServerLine extends Line {
  off = false;

  override cut(): void {
    super.cut();
    this.off = true;
  }

  override mend(): void {
    super.mend();
    this.off = false;
  }

  override get claims(): Claims {
    const claims = super.claims;
    const reached = (): void => {
      if (this.off) throw new Error('The medium is away.');
    };
    return {
      compareAndSet: async (...args) => (reached(), claims.compareAndSet(...args)),
      read: async (...args) => (reached(), claims.read(...args)),
      renew: async (...args) => (reached(), claims.renew(...args)),
      nextGeneration: async () => (reached(), claims.nextGeneration()),
      announce: async (...args) => (reached(), claims.announce(...args)),
      announced: async () => (reached(), claims.announced()),
    };
  }
}

describe('a server whose lease is over', () => {
  let house: House;
  let line: ServerLine;

  beforeEach(() => {
    house = new House();
    line = new ServerLine(house.medium.connect());
    started = [];
    gates = Array.from({ length: 4 }, () => deferred());
  });
  afterEach(async () => {
    for (const gate of gates) gate.resolve();
    await house.close();
  });

  it('starts no call that waited in the line of a serial object', async () => {
    const zombie = await house.server([Press], { lease: LEASE, transport: line });
    const press = await house.manager().create(Press);
    const calls = [0, 1, 2].map((sheet) => press.print(sheet));
    const failures = calls.map((call) => failure(call));
    await until(() => started.length === 1);
    line.cut();
    await house.server([Press], { lease: LEASE });
    for (const gate of gates) gate.resolve();
    for (const error of await Promise.all(failures)) expect(error).toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST' });
    line.mend();
    await zombie.superseded;
    expect(started).toEqual([0]);
  });

  it('starts no call that code of its own makes', async () => {
    const zombie = await house.server([Press, Printer], { lease: LEASE, transport: line });
    const manager = house.manager();
    const [press, printer] = [await manager.create(Press), await manager.create(Printer)];
    const failed = failure(printer.printTwice(press));
    await manager.ping();
    line.cut();
    await house.server([Press, Printer], { lease: LEASE });
    gates[0]?.resolve();
    await failed;
    line.mend();
    await zombie.superseded;
    expect(started).toEqual([]);
  });

  it('goes on where it was once it has its name again', async () => {
    await house.server([Press, Printer], { lease: LEASE, transport: line });
    const manager = house.manager();
    const [press, other, printer] = await Promise.all([
      manager.create(Press),
      manager.create(Press),
      manager.create(Printer),
    ]);
    const calls = [printer.printTwice(other), ...[2, 3].map((sheet) => press.print(sheet))];
    await until(() => started.length === 1);
    line.cut();
    await new Promise((resolve) => setTimeout(resolve, 1.2 * LEASE));
    for (const gate of gates) gate.resolve();
    await new Promise((resolve) => setTimeout(resolve, LEASE / 6));
    expect(started).toEqual([2]);
    line.mend();
    expect(await Promise.all(calls)).toEqual([1, 2, 3]);
  });

  it('by the wall clock, of a machine that was suspended, starts none of those that wait', async () => {
    const server = await house.server([Press], { lease: 3000 });
    const manager = house.manager({ timeout: 0 });
    const press = await manager.create(Press);
    const calls = [0, 1, 2].map((sheet) => press.print(sheet));
    await until(() => started.length === 1);
    const real = Date.now;
    try {
      Date.now = () => real() + 3_600_000;
      expect(server.mayAct()).toBe(false);
      for (const gate of gates) gate.resolve();
      await turns(20);
      expect(started).toEqual([0]);
    } finally {
      Date.now = real;
    }
    expect(await Promise.all(calls)).toEqual([0, 1, 2]);
  });
});
