import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import type { SharedProxy } from '../../definition/index.js';
import { KeyNotFoundError } from '../../protocol/index.js';
import type { Manager } from '../index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { by, Coin, visitorTypes, ways } from '../support/visitors.suite.js';
import type { Namespace } from './referent.js';

/** The classes of users that these tests need at their server. */
export const namespaceSuiteTypes = visitorTypes;

/** Names that mean something to JavaScript. */
const ODD = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', '', '_hidden', 'a b', '😀', '\ud800'];

/** What a `namespace` does, wherever its server and its applications are. */
export function namespaceBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;
  beforeEach(async () => {
    bench = await open();
    ({ manager } = bench);
  });
  afterEach(() => bench.close());

  describe.each(ways)('a namespace, called by %s', (way) => {
    const made = async <T extends object>(fields?: T): Promise<SharedProxy<Namespace<T>>> =>
      by(way, manager, await manager.namespace<T>(...((fields === undefined ? [] : [fields]) as [T])));

    it('has the fields that it was made with, and those that are set', async () => {
      const settings = await made<{ limit: number; owner: string; on?: boolean }>({ limit: 10, owner: 'ops' });
      expect(await settings.get('limit')).toBe(10);
      expect(await settings.set('limit', 11)).toBeUndefined();
      expect(await settings.set('on', true)).toBeUndefined();
      expect(await settings.toCopy()).toEqual({ limit: 11, owner: 'ops', on: true });
      expect(await settings.keys()).toEqual(['limit', 'owner', 'on']);
    });

    it('is empty where it is made without fields', async () => {
      const empty = await made<Record<string, unknown>>();
      expect(await empty.keys()).toEqual([]);
      expect(await empty.toCopy()).toEqual({});
      await empty.set('later', null);
      expect(await empty.get('later')).toBeNull();
    });

    it('tells a field that is undefined from one that is not there', async () => {
      const fields = await made<Record<string, unknown>>({ none: undefined });
      expect(await fields.has('none')).toBe(true);
      expect(await fields.get('none')).toBeUndefined();
      expect(await fields.has('other')).toBe(false);
      expect(Object.keys(await fields.toCopy())).toEqual(['none']);
    });

    it('loses a field that is deleted; one that is set anew is the last', async () => {
      const fields = await made<Record<string, number>>({ a: 1, b: 2 });
      expect(await fields.delete('a')).toBeUndefined();
      expect(await fields.has('a')).toBe(false);
      await fields.set('a', 3);
      await fields.set('b', 4);
      expect(await fields.keys()).toEqual(['b', 'a']);
    });

    it.each(['get', 'delete'] as const)('has no field to %s that is not there', async (member) => {
      const fields = await made<Record<string, number>>({ a: 1 });
      const error = await failure(fields[member]('b'));
      expect(error).toBeInstanceOf(KeyNotFoundError);
      expect(error.message).toBe(`The namespace has no field 'b', so ${member}() found nothing.`);
      expect(await fields.toCopy()).toEqual({ a: 1 });
    });

    it('does not find what every object of JavaScript has', async () => {
      const fields = await made<Record<string, unknown>>();
      for (const name of ODD) {
        expect(await fields.has(name)).toBe(false);
        expect(await failure(fields.get(name))).toBeInstanceOf(KeyNotFoundError);
      }
    });

    it.each(ODD)('takes %p as a name like any other', async (name) => {
      const first = await made<Record<string, unknown>>(JSON.parse(`{${JSON.stringify(name)}: {"polluted": 1}}`));
      expect(await first.get(name)).toEqual({ polluted: 1 });
      const fields = await made<Record<string, unknown>>();
      await fields.set(name, { polluted: 1 });
      expect(await fields.keys()).toEqual([name]);
      const copy = await fields.toCopy();
      expect(Object.entries(copy)).toEqual([[name, { polluted: 1 }]]);
      expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
      expect((copy as { polluted?: unknown }).polluted).toBeUndefined();
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
      await fields.delete(name);
      expect(await fields.keys()).toEqual([]);
    });

    it.each([
      ['get', 5, '5'],
      ['set', undefined, 'undefined'],
      ['delete', { a: 1 }, '{ a: 1 }'],
      ['has', null, 'null'],
    ] as const)('refuses to %s a field of which the name is %p', async (member, name, shows) => {
      const fields = await made<Record<string, unknown>>({ '5': 1, undefined: 2, null: 3 });
      const error = await failure((fields[member] as (name: unknown, value?: unknown) => Promise<unknown>)(name, 1));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toBe(`${member}() takes the name of a field, a string, got ${shows}.`);
      expect(await fields.toCopy()).toEqual({ '5': 1, undefined: 2, null: 3 });
    });

    it('gives copies: what was read changes nothing until it is put back', async () => {
      const fields = await made({ tags: ['a'] });
      const tags = await fields.get('tags');
      tags.push('b');
      (await fields.toCopy()).tags.push('c');
      expect(await fields.get('tags')).toEqual(['a']);
      await fields.set('tags', tags);
      expect(await fields.get('tags')).toEqual(['a', 'b']);
    });

    it('holds the proxies in its fields, each field on its own', async () => {
      const coin = await manager.create(Coin, 5);
      const purse = { coin };
      const fields = await made<Record<string, unknown>>({ one: purse, two: [purse], three: coin, four: coin });
      const objects = await manager.numberOfObjects();
      await manager.release(coin);
      await fields.delete('one');
      const { two } = (await fields.toCopy()) as { two: (typeof purse)[] };
      expect(await two[0]?.coin.worth()).toBe(5);
      await manager.release(two[0]!.coin);
      await fields.set('two', 0);
      await fields.delete('three');
      expect(await manager.numberOfObjects()).toBe(objects);
      const last = (await fields.get('four')) as SharedProxy<Coin>;
      expect(await last.worth()).toBe(5);
      await manager.release(last);
      await fields.delete('four');
      expect(await manager.numberOfObjects()).toBe(objects - 1);
    });

    it('keeps a proxy that is set over itself', async () => {
      const coin = await manager.create(Coin, 5);
      const fields = await made<{ coin: SharedProxy<Coin> }>({ coin });
      const objects = await manager.numberOfObjects();
      await manager.release(coin);
      const read = await fields.get('coin');
      await fields.set('coin', read);
      await manager.release(read);
      expect(await manager.numberOfObjects()).toBe(objects);
      expect(await (await fields.get('coin')).worth()).toBe(5);
    });
  });

  describe('a namespace', () => {
    it.each([
      ['a number', 5],
      ['null', null],
      ['a string', 'limit'],
      ['an array', [['limit', 10]]],
      ['a Map', new Map([['limit', 10]])],
      ['a Date', new Date(0)],
    ])('is not made of %s', async (_what, fields: unknown) => {
      const objects = await manager.numberOfObjects();
      const error = await failure(manager.namespace(fields as object));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/^A namespace is made of the fields of a plain object, got /);
      expect(await manager.numberOfObjects()).toBe(objects);
    });

    it('is not made of a proxy', async () => {
      const error = await failure(manager.namespace(await manager.create(Coin)));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/got SharedProxy<suite\.Coin>/);
    });

    it('may be made of an object without a prototype', async () => {
      const fields = Object.assign(Object.create(null) as Record<string, number>, { a: 1 });
      expect(await (await manager.namespace(fields)).get('a')).toBe(1);
    });

    it('is one for several applications, under a name', async () => {
      const here = await manager.named('settings').namespace({ limit: 10 });
      const there = await bench.other.named('settings').namespace({ limit: 20 });
      await here.set('limit', 11);
      expect(await there.get('limit')).toBe(11);
    });

    it('is copied by copyOf to a plain object', async () => {
      const copy = await manager.copyOf(await manager.namespace({ a: 1, b: { c: [2] } }));
      expect(copy).toEqual({ a: 1, b: { c: [2] } });
    });

    it('lets go of what it holds when it is freed', async () => {
      const coin = await manager.create(Coin);
      const fields = await manager.namespace({ coin });
      await manager.release(coin);
      const objects = await manager.numberOfObjects();
      await manager.release(fields);
      expect(await manager.numberOfObjects()).toBe(objects - 2);
    });
  });
}
