import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { onLeaseLost, SharedType } from '../definition/index.js';
import { House, turns } from './house.suite.js';

const LEASE = 900;
const BEAT = LEASE / 6;
const OWNERS = 16;

@SharedType()
class Owned {
  own(): void {}
}

let house: House;
beforeEach(() => void (house = new House()));
afterEach(() => house.close());

describe('an owner whose beats stop', () => {
  it('hears that its lease is over when it is, and not with a beat afterwards', async () => {
    await house.server([Owned], { lease: LEASE });
    const heard = Array.from({ length: OWNERS }, async (_, owner) => {
      const line = house.line();
      const proxy = await house.manager({ transport: line }).create(Owned);
      const over = new Promise<number>((resolve) => onLeaseLost(proxy, () => resolve(performance.now())));
      // The lease ends at another moment between two beats for each of them: a new connection has a beat of its own.
      await new Promise((resolve) => setTimeout(resolve, (BEAT * owner) / OWNERS));
      let beaten = 0;
      line.fortune = (_owner, lane) => {
        if (lane === 'beats') beaten = performance.now();
        return 'arrives';
      };
      line.reconnect();
      await turns(20);
      line.cut();
      return (await over) - beaten;
    });
    for (const after of await Promise.all(heard)) expect(after).toBeLessThan(LEASE + BEAT / 2);
  });
});
