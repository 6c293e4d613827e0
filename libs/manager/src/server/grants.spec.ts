import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defineType } from '../definition/index.js';
import { Grants } from './grants.js';
import { ObjectTable, type HostedObject } from './object-table.js';

class Thing {
  touch(): void {}
}
const ThingType = defineType(Thing, { typeid: 'Thing' });
const session = { id: 's', application: 'a', host: 'h', pid: 1 };

let table: ObjectTable;
let grants: Grants;

beforeEach(() => {
  table = new ObjectTable({ disposeFailed: () => undefined });
  grants = new Grants(table, session);
});

const host = (): HostedObject => table.host(ThingType, new Thing());

describe('the references of a session', () => {
  /** Each in a message of its own. */
  const granted = (object: HostedObject): number => {
    grants.begin();
    return grants.grant(object);
  };

  it('hold an object until the last grant is given back', () => {
    const object = host();
    const [first, second] = [granted(object), granted(object)];
    expect(second).toBeGreaterThan(first);
    grants.release(object.id, first);
    expect(grants.find(object.id)).toBe(object);
    grants.release(object.id, second);
    expect([grants.size, table.size]).toEqual([0, 0]);
  });

  it('are given back all at once by the number of the last', () => {
    const object = host();
    granted(object);
    grants.release(object.id, granted(object));
    expect(table.size).toBe(0);
  });

  it('survive releases that are late, repeated, or of what is not held', () => {
    const object = host();
    const first = grants.grant(object);
    grants.release(object.id, first);
    const again = host();
    const second = grants.grant(again);
    grants.release(again.id, first);
    grants.release(object.id, first);
    grants.release(object.id, second);
    grants.release(99, 1);
    expect(grants.find(again.id)).toBe(again);
  });

  it('survive a release that crosses a newer grant', () => {
    const object = host();
    const first = granted(object);
    const newer = granted(object);
    grants.release(object.id, first);
    expect(grants.find(object.id)).toBe(object);
    grants.release(object.id, newer);
    expect(grants.find(object.id)).toBeUndefined();
  });

  it('cannot be given back before they were made', () => {
    const object = host();
    granted(object);
    const keep = host();
    granted(keep);
    grants.release(object.id, 1000);
    const again = granted(keep);
    grants.release(keep.id, again - 1);
    expect(grants.find(keep.id)).toBe(keep);
  });

  it('leave an object alone that others hold', () => {
    const object = host();
    const other = new Grants(table, { ...session, id: 'other' });
    other.grant(object);
    grants.release(object.id, grants.grant(object));
    expect(object.freed).toBe(false);
    expect(other.find(object.id)).toBe(object);
  });

  it('all go, once, when the session ends', () => {
    const [one, two] = [host(), host()];
    grants.grant(one);
    grants.grant(two);
    grants.clear();
    grants.clear();
    expect([grants.size, table.size, one.freed, two.freed]).toEqual([0, 0, true, true]);
  });
});

describe('a message that could not be encoded', () => {
  it('takes its grants back, which frees what nobody else holds', () => {
    const [old, fresh] = [host(), host()];
    grants.grant(old);
    grants.begin();
    grants.grant(old);
    grants.grant(fresh);
    grants.grant(fresh);
    grants.rollback();
    expect([old.freed, fresh.freed, grants.size]).toEqual([false, true, 1]);
  });

  it('lets a release count that overtook its grant', () => {
    const object = host();
    const first = grants.grant(object);
    grants.begin();
    grants.grant(object);
    grants.release(object.id, first);
    expect(object.freed).toBe(false);
    grants.rollback();
    expect(object.freed).toBe(true);
  });

  it('takes back nothing of the messages before it', () => {
    const object = host();
    grants.begin();
    grants.grant(object);
    grants.begin();
    grants.rollback();
    grants.rollback();
    expect(grants.find(object.id)).toBe(object);
  });

  it('does not make an old release count for a grant that comes later', () => {
    const object = host();
    grants.begin();
    const taken = grants.grant(object);
    grants.rollback();
    const again = host();
    const fresh = grants.grant(again);
    grants.release(again.id, taken);
    expect(fresh).toBeGreaterThan(taken);
    expect(again.freed).toBe(false);
  });
});

describe('whatever is granted, taken back and released, in whatever order', () => {
  /** What a session holds of one object, as plainly as it can be said. */
  interface Row {
    grants: number[];
    released: number;
  }

  type Step =
    | { do: 'message'; objects: number[]; fails: boolean; crossing: number | undefined }
    | { do: 'release'; object: number; nth: number; times: number }
    | { do: 'foreign'; object: number; grant: number };

  const OBJECTS = 4;
  const object = fc.nat(OBJECTS - 1);
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      do: fc.constant('message' as const),
      objects: fc.array(object, { minLength: 1, maxLength: 4 }),
      fails: fc.boolean(),
      crossing: fc.option(object, { nil: undefined }),
    }),
    fc.record({ do: fc.constant('release' as const), object, nth: fc.nat(), times: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constant('foreign' as const), object: fc.nat(50), grant: fc.integer({ min: -5, max: 5 }) }),
  );

  it('an object is held exactly while a grant that stands is newer than every release', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new ObjectTable({ disposeFailed: () => undefined });
        const grants = new Grants(table, session);
        const things = Array.from({ length: OBJECTS }, () => new Thing());
        const rows = new Map<HostedObject, Row>();
        /** Grants ever sent, by thing: what a client may name in a release, late as it may be. */
        const sent: { id: number; grant: number }[][] = things.map(() => []);
        const release = (id: number, grant: number): void => {
          grants.release(id, grant);
          for (const [hosted, row] of rows) {
            if (hosted.id === id) row.released = Math.max(row.released, grant);
          }
        };
        const tidy = (): void => {
          for (const [hosted, row] of rows) if (row.released >= Math.max(0, ...row.grants)) rows.delete(hosted);
        };
        for (const chosen of steps) {
          if (chosen.do === 'foreign') grants.release(chosen.object + 1000, chosen.grant);
          else if (chosen.do === 'release') {
            const known = sent[chosen.object] as { id: number; grant: number }[];
            const named = known[chosen.nth % Math.max(1, known.length)];
            for (let i = 0; named && i < chosen.times; i++) release(named.id, named.grant);
            tidy();
          } else {
            grants.begin();
            const made: { row: Row; index: number; id: number; grant: number }[] = [];
            for (const index of chosen.objects) {
              const hosted = table.host(ThingType, things[index] as Thing);
              const grant = grants.grant(hosted);
              let row = rows.get(hosted);
              if (!row) rows.set(hosted, (row = { grants: [], released: 0 }));
              row.grants.push(grant);
              made.push({ row, index, id: hosted.id, grant });
            }
            const crossing = chosen.crossing === undefined ? undefined : sent[chosen.crossing]?.at(-1);
            if (crossing) release(crossing.id, crossing.grant);
            if (chosen.fails) {
              grants.rollback();
              for (const { row, grant } of made) row.grants.splice(row.grants.indexOf(grant), 1);
            } else for (const { index, id, grant } of made) sent[index]?.push({ id, grant });
            tidy();
          }
          expect(new Set(table.objects())).toEqual(new Set(rows.keys()));
          expect(grants.size).toBe(rows.size);
        }
        grants.clear();
        expect(table.size).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
