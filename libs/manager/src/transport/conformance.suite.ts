import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Recorder, bytes, eventually } from './recorder.suite.js';
import type { ClaimKey, Transport } from './transport.js';

/** One medium, empty, and transports that reach it. */
export interface TransportFixture {
  /** A new transport, opened. */
  connect(): Promise<Transport>;
  /** Ends `transport` as a killed process ends. */
  kill(transport: Transport): Promise<void> | void;
  close(): Promise<void>;
}

const TTL = 60_000;
const key = (tag: string, kind: ClaimKey['kind'] = 'name'): ClaimKey => ({ kind, tag });

/** What every medium must do. */
export function describeTransport(name: string, setup: () => Promise<TransportFixture>): void {
  describe(`${name}: transport`, () => {
    let fixture: TransportFixture;
    let owner: Transport;
    let sender: Transport;
    let others: Transport[];
    const more = async (): Promise<Transport> => {
      const transport = await fixture.connect();
      others.push(transport);
      return transport;
    };

    beforeEach(async () => {
      fixture = await setup();
      [owner, sender] = await Promise.all([fixture.connect(), fixture.connect()]);
      others = [];
    });
    afterEach(async () => {
      await Promise.all([owner, sender, ...others].map((transport) => transport.close()));
      await fixture.close();
    });

    describe('inboxes', () => {
      it('delivers frames in the order of the writes, none lost', async () => {
        const reader = new Recorder();
        await owner.openInbox('a', { ttl: TTL }, reader);
        const texts = Array.from({ length: 5000 }, (_, index) => `frame ${index}`);
        const written = await Promise.all(texts.map(async (text) => sender.write('a', 'frames', bytes(text))));
        expect(written.every(Boolean)).toBe(true);
        await reader.until(() => reader.frames.length >= texts.length);
        expect(reader.texts()).toEqual(texts);
      });

      it('delivers to the inbox that was named, and to the writer itself', async () => {
        const [one, two] = [new Recorder(), new Recorder()];
        await owner.openInbox('a', { ttl: TTL }, one);
        await owner.openInbox('b', { ttl: TTL }, two);
        await owner.write('b', 'frames', bytes('to b'));
        await owner.write('a', 'frames', bytes('to a'));
        await Promise.all([one.until(() => one.frames.length > 0), two.until(() => two.frames.length > 0)]);
        expect([one.texts(), two.texts()]).toEqual([['to a'], ['to b']]);
      });

      it('delivers later than the write returns', async () => {
        const reader = new Recorder();
        await owner.openInbox('a', { ttl: TTL }, reader);
        const written = owner.write('a', 'frames', bytes('x'));
        expect(reader.frames).toHaveLength(0);
        await written;
        await reader.until(() => reader.frames.length === 1);
      });

      it('answers false where there is no such inbox', async () => {
        expect(await sender.write('nobody', 'frames', bytes('x'))).toBe(false);
        expect(await sender.write('nobody', 'beats', bytes('x'))).toBe(false);
        const reader = new Recorder();
        await owner.openInbox('nobody', { ttl: TTL }, reader);
        expect(await sender.write('nobody', 'frames', bytes('y'))).toBe(true);
        await reader.until(() => reader.frames.length > 0);
        expect(reader.texts()).toEqual(['y']);
      });

      it('delivers beats before the frames that wait', async () => {
        const reader = new Recorder();
        await owner.openInbox('a', { ttl: TTL }, reader);
        const writes = Array.from({ length: 4000 }, async (_, index) => sender.write('a', 'frames', bytes(`${index}`)));
        const last = sender.write('a', 'beats', bytes('beat'));
        await Promise.all(writes);
        await last;
        await reader.until(() => reader.frames.length === 4000 && reader.beats.length === 1);
        const beat = reader.calls.findIndex((call) => call.startsWith('beats'));
        const before = reader.calls.slice(0, beat).reduce((sum, call) => sum + Number(call.split(':')[1] ?? 0), 0);
        expect(before).toBeLessThan(4000);
      });

      it('says when it read to the end, and as of when', async () => {
        const reader = new Recorder();
        await owner.openInbox('a', { ttl: TTL }, reader);
        await sender.write('a', 'frames', bytes('x'));
        await reader.until(() => reader.frames.length === 1 && reader.calls.at(-1) === 'drained');
        expect(reader.drainedAsOf).toBeLessThanOrEqual(performance.now());
        expect(reader.calls.slice(-2)).toEqual(['frames:1', 'drained']);
      });

      it('stamps deliveries by its clock, which is never behind them', async () => {
        const behind: number[] = [];
        const reader = new Recorder((_, deliveries) => {
          for (const { at } of deliveries) if (at > owner.now()) behind.push(at - owner.now());
        });
        await owner.openInbox('a', { ttl: TTL }, reader);
        for (let index = 0; index < 50; index += 1) await sender.write('a', 'frames', bytes('x'));
        await reader.until(() => reader.frames.length === 50);
        expect(behind).toEqual([]);
        const stamps = reader.frames.map(({ at }) => at);
        expect(stamps).toEqual([...stamps].sort((one, other) => one - other));
        expect(Math.abs(owner.now() - Date.now())).toBeLessThan(2000);
        expect(Math.abs(owner.now() - sender.now())).toBeLessThan(500);
      });

      it('reads again from the first item still there, in order', async () => {
        const reader = new Recorder();
        const inbox = await owner.openInbox('a', { ttl: TTL }, reader);
        await Promise.all(['1', '2', '3'].map(async (text) => sender.write('a', 'frames', bytes(text))));
        await reader.until(() => reader.frames.length === 3);
        inbox.reread();
        await sender.write('a', 'frames', bytes('4'));
        await reader.until(() => reader.texts().includes('4'));
        // What comes again is the end of what came before: nothing is left out in between.
        const again = reader.texts().slice(3);
        expect(['1', '2', '3', '4'].slice(-again.length)).toEqual(again);
      });

      it('carries any bytes, none at all, and many', async () => {
        const reader = new Recorder();
        await owner.openInbox('a', { ttl: TTL }, reader);
        const all = Uint8Array.from({ length: 256 }, (_, index) => index);
        const view = new Uint8Array(all.buffer, 100, 50);
        const big = randomBytes(5 * 1024 * 1024);
        for (const each of [all, view, new Uint8Array(0), big, all]) {
          expect(await sender.write('a', 'frames', each)).toBe(true);
        }
        await reader.until(() => reader.frames.length === 5);
        const got = reader.frames.map((delivery) => Buffer.from(delivery.bytes));
        expect(got.map((each) => each.length)).toEqual([256, 50, 0, big.length, 256]);
        expect(got[0]).toEqual(Buffer.from(all));
        expect(got[1]).toEqual(Buffer.from(view));
        expect(got[3]?.equals(big)).toBe(true);
      });

      it('has bytes of its own once the write has resolved', async () => {
        const reader = new Recorder();
        await owner.openInbox('a', { ttl: TTL }, reader);
        const mine = bytes('as it was');
        await sender.write('a', 'frames', mine);
        mine.fill(0);
        await reader.until(() => reader.frames.length === 1);
        expect(reader.texts()).toEqual(['as it was']);
      });

      it('removes a closed inbox and delivers no more', async () => {
        const reader = new Recorder();
        const inbox = await owner.openInbox('a', { ttl: TTL }, reader);
        const written = sender.write('a', 'frames', bytes('before'));
        await Promise.all([inbox.close(), inbox.close(), written]);
        const calls = reader.calls.length;
        expect(await sender.write('a', 'frames', bytes('after'))).toBe(false);
        expect(reader.calls).toHaveLength(calls);
        const next = new Recorder();
        await owner.openInbox('a', { ttl: TTL }, next);
        await sender.write('a', 'frames', bytes('anew'));
        await next.until(() => next.frames.length > 0);
        expect(next.texts()).toEqual(['anew']);
      });

      it('refuses a second inbox of the same owner', async () => {
        await owner.openInbox('a', { ttl: TTL }, new Recorder());
        await expect(owner.openInbox('a', { ttl: TTL }, new Recorder())).rejects.toThrow('open already');
      });

      it('keeps an open inbox past its time to live, and a dead owner’s no longer', async () => {
        const dying = await more();
        await dying.openInbox('dead', { ttl: 300 }, new Recorder());
        await owner.openInbox('alive', { ttl: 300 }, new Recorder());
        await fixture.kill(dying);
        expect(await sender.write('dead', 'beats', bytes('x'))).toBe(true);
        await eventually(async () => !(await sender.write('dead', 'beats', bytes('x'))));
        expect(await sender.write('dead', 'frames', bytes('x'))).toBe(false);
        await new Promise((resolve) => setTimeout(resolve, 400));
        expect(await sender.write('alive', 'frames', bytes('x'))).toBe(true);
        expect(await sender.write('alive', 'beats', bytes('x'))).toBe(true);
      });
    });

    describe('claims', () => {
      it('sets an absent entry once, changes it and removes it', async () => {
        const { claims } = owner;
        expect(await claims.read(key('n'))).toBeNull();
        expect(await claims.compareAndSet(key('n'), null, 'a', 5000)).toEqual({
          done: true,
          current: { value: 'a', ttl: 5000 },
        });
        const refused = await claims.compareAndSet(key('n'), null, 'b', 5000);
        expect(refused).toMatchObject({ done: false, current: { value: 'a' } });
        expect(refused.current?.ttl).toBeGreaterThan(0);
        expect(refused.current?.ttl).toBeLessThanOrEqual(5000);
        expect(await claims.compareAndSet(key('n'), 'b', 'c', 5000)).toMatchObject({ done: false });
        expect(await claims.compareAndSet(key('n'), 'a', 'c', 9000)).toMatchObject({
          done: true,
          current: { value: 'c' },
        });
        const seen = await sender.claims.read(key('n'));
        expect(seen?.value).toBe('c');
        expect(seen?.ttl).toBeGreaterThan(5000);
        expect(await claims.compareAndSet(key('n'), 'x', null, 0)).toMatchObject({ done: false });
        expect(await claims.compareAndSet(key('n'), 'c', null, 0)).toEqual({ done: true, current: null });
        expect(await claims.compareAndSet(key('n'), 'c', 'd', 5000)).toEqual({ done: false, current: null });
      });

      it('tells kinds, odd tags and odd values apart', async () => {
        const tags = [
          '',
          'a',
          'A',
          '{a}',
          'a}b{c',
          'a b',
          'a\nb',
          'ä€😀',
          '\ud800',
          '\ud801',
          '%',
          '%7B',
          '*',
          'x'.repeat(5000),
          `${'x'.repeat(4999)}y`,
        ];
        for (const kind of ['name', 'server'] as const) {
          for (const tag of tags) {
            expect(await owner.claims.compareAndSet(key(tag, kind), null, kind, TTL)).toMatchObject({ done: true });
          }
        }
        expect(await owner.claims.compareAndSet(key('empty'), null, '', TTL)).toMatchObject({ done: true });
        expect(await owner.claims.compareAndSet(key('empty'), null, '', TTL)).toMatchObject({
          done: false,
          current: { value: '' },
        });
        const odd = '\u0000 {"ä": "€😀"}\r\n';
        expect(await owner.claims.compareAndSet(key('empty'), '', odd, TTL)).toMatchObject({ done: true });
        expect((await sender.claims.read(key('empty')))?.value).toBe(odd);
      });

      it('lets one of a hundred claimers win', async () => {
        const third = await more();
        const outcomes = await Promise.all(
          Array.from({ length: 100 }, (_, index) =>
            [owner, sender, third][index % 3]!.claims.compareAndSet(key('n'), null, `claimer ${index}`, TTL),
          ),
        );
        const winners = outcomes.flatMap(({ done, current }) => (done && current ? [current.value] : []));
        expect(winners).toHaveLength(1);
        expect(new Set(outcomes.map(({ current }) => current?.value))).toEqual(new Set(winners));
      });

      it('lets one of many replace a dead claim', async () => {
        await owner.claims.compareAndSet(key('n'), null, 'dead', TTL);
        const outcomes = await Promise.all(
          Array.from({ length: 50 }, (_, index) => sender.claims.compareAndSet(key('n'), 'dead', `heir ${index}`, TTL)),
        );
        expect(outcomes.filter(({ done }) => done)).toHaveLength(1);
      });

      it('lets an entry run out', async () => {
        await owner.claims.compareAndSet(key('n'), null, 'a', 50);
        await eventually(async () => (await sender.claims.read(key('n'))) === null);
        expect(await sender.claims.compareAndSet(key('n'), null, 'b', TTL)).toMatchObject({ done: true });
      });

      it('renews what is still the same and names the rest', async () => {
        const mine = Array.from({ length: 1200 }, (_, index) => key(`n${index}`));
        await Promise.all(mine.map((each) => owner.claims.compareAndSet(each, null, 'me', 5000)));
        await sender.claims.compareAndSet(key('n7'), 'me', 'you', 5000);
        await sender.claims.compareAndSet(key('n1100'), 'me', null, 0);
        expect(await owner.claims.renew(mine, 'me', TTL)).toEqual([key('n7'), key('n1100')]);
        expect((await owner.claims.read(key('n8')))?.ttl).toBeGreaterThan(5000);
        expect((await owner.claims.read(key('n7')))?.ttl).toBeLessThanOrEqual(5000);
        expect(await owner.claims.renew([], 'me', TTL)).toEqual([]);
      });

      it('gives generations that only grow, from the seconds of the clock', async () => {
        const given = await Promise.all(
          [1, 2, 3, 4].map((index) => (index % 2 ? owner : sender).claims.nextGeneration()),
        );
        expect(new Set(given).size).toBe(4);
        expect(Math.min(...given)).toBeGreaterThanOrEqual(Math.floor(owner.now() / 1000) - 2);
        expect(await sender.claims.nextGeneration()).toBeGreaterThan(Math.max(...given));
      });

      it('announces, replaces and takes back', async () => {
        expect(await owner.claims.announced()).toEqual(new Map());
        await owner.claims.announce('one', '1');
        await sender.claims.announce('two', '2');
        await owner.claims.announce('one', 'ä\u00001');
        await owner.claims.announce('__proto__', 'odd');
        expect(await sender.claims.announced()).toEqual(
          new Map([
            ['one', 'ä\u00001'],
            ['two', '2'],
            ['__proto__', 'odd'],
          ]),
        );
        await sender.claims.announce('one', null);
        await sender.claims.announce('none', null);
        expect([...(await owner.claims.announced()).keys()].sort()).toEqual(['__proto__', 'two']);
      });
    });

    describe('life', () => {
      it('is connected once open, and closed for good', async () => {
        const transport = await more();
        const states: string[] = [];
        const stop = transport.onState((state) => states.push(state));
        const other: string[] = [];
        transport.onState((state) => other.push(state));
        expect(transport.state).toBe('connected');
        expect(transport.lastError).toBeUndefined();
        stop();
        await Promise.all([transport.close(), transport.close()]);
        await transport.close();
        expect(transport.state).toBe('closed');
        expect([states, other]).toEqual([[], ['closed']]);
        await owner.openInbox('a', { ttl: TTL }, new Recorder());
        expect(await transport.write('a', 'frames', bytes('x'))).toBe(false);
        await expect(transport.claims.read(key('n'))).rejects.toMatchObject({ name: 'MediumError' });
        await expect(transport.openInbox('b', { ttl: TTL }, new Recorder())).rejects.toMatchObject({
          name: 'MediumError',
        });
      });

      it('removes its inboxes when it closes', async () => {
        const transport = await more();
        await transport.openInbox('a', { ttl: TTL }, new Recorder());
        await transport.openInbox('b', { ttl: TTL }, new Recorder());
        expect(await sender.write('b', 'frames', bytes('x'))).toBe(true);
        await transport.close();
        expect(await sender.write('a', 'frames', bytes('x'))).toBe(false);
        expect(await sender.write('b', 'beats', bytes('x'))).toBe(false);
      });
    });
  });
}
