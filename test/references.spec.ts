import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { HolderDebugInfo } from 'nestjs-manager';
import { startRedis, type RedisServer } from './support/redis-server.js';
import { LEASE, Stage, type ApplicationWorker, type ServerWorker } from './support/stage.js';
import { until } from './support/until.js';

jest.setTimeout(30_000);

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** Resolves with the ms until each of these was disposed of; rejects where one was twice. */
async function disposed(server: ServerWorker, labels: string[], within: number): Promise<number> {
  const times = async (): Promise<number[]> => {
    const noted = await server.ask('noted');
    return labels.map((label) => noted[`disposed ${label}`] ?? 0);
  };
  const all = await until(times, (counts) => counts.every((count) => count > 0), {
    within,
    what: `The end of ${labels.join(', ')}`,
  });
  expect(all.answer).toEqual(labels.map(() => 1));
  return all.after;
}

describe('references of one server', () => {
  let stage: Stage;
  let server: ServerWorker;
  /** Nothing that is killed: it sees what becomes of the others' objects. */
  let watcher: ApplicationWorker;

  beforeAll(async () => {
    stage = new Stage(redis);
    server = await stage.server();
    watcher = await stage.application({ application: 'watcher' });
  });
  afterAll(() => stage.close());

  /** Who holds the objects of this type, by the server's own account. */
  const holders = async (typeid: string): Promise<HolderDebugInfo[]> => {
    const { servers } = await watcher.ask('debugInfo');
    const objects = servers.flatMap((one) => one.objects).filter((object) => object.typeid === typeid);
    return objects.flatMap((object) => object.holders);
  };
  const label = (application: ApplicationWorker, key: number): Promise<unknown> =>
    application.ask('call', key, 'label');

  it('reach a slow consumer by a ticket in a queue, though the one who gave it is gone', async () => {
    const [giver, taker] = [await stage.application(), await stage.application()];
    const key = await giver.ask('create', 'Treasure', 'gift');
    const accepting = taker.ask('accept', 'jobs', 1500);
    await giver.ask('offer', 'jobs', key);
    await giver.ask('release', key);
    await giver.ask('close');
    const held = { kind: 'ticket', application: giver.name, uses: 1 };
    await until(
      () => holders('Treasure'),
      ({ length }) => length === 1,
      { within: 1000 },
    );
    expect(await holders('Treasure')).toEqual([expect.objectContaining(held)]);

    const taken = await accepting;
    expect(await label(taker, taken)).toBe('gift');
    expect(await holders('Treasure')).toEqual([expect.objectContaining({ kind: 'session', pid: taker.pid })]);
    await taker.ask('release', taken);
    await disposed(server, ['gift'], 1000);
  });

  it('lend themselves to methods that give proxies, in any process, however they got there', async () => {
    const [maker, other] = [await stage.application(), await stage.application()];
    /** What a proxy gives is as good as the proxy, twice over, and is let go by its release alone. */
    const expectParts = async (application: ApplicationWorker, key: number, of: string): Promise<void> => {
      const part = await application.ask('fetch', key, 'part', 'a');
      expect(await label(application, part)).toBe(`${of}/a`);
      const partOfPart = await application.ask('fetch', part, 'part', 'b');
      expect(await label(application, partOfPart)).toBe(`${of}/a/b`);
      const same = await application.ask('fetch', partOfPart, 'itself');
      expect(await application.ask('token', same)).toEqual(await application.ask('token', partOfPart));
      for (const made of [part, partOfPart, same]) await application.ask('release', made);
    };
    const before = await watcher.ask('numberOfObjects');

    const made = await maker.ask('create', 'Treasure', 'made');
    await expectParts(maker, made, 'made');
    const redeemed = await other.ask('redeem', await maker.ask('ticket', made));
    await expectParts(other, redeemed, 'made');

    const shelf = await maker.ask('get', 'Shelf', 'common', 'common shelf');
    await maker.ask('pass', shelf, 'push', [made]);
    // As an argument, where hosted code calls it, and in the answers that this gives.
    const [made1] = await maker.ask('fetchAll', shelf, 'parts', 'c');
    await expectParts(maker, made1 as number, 'made/c');

    const sameShelf = await other.ask('get', 'Shelf', 'common', 'never made');
    const [seen] = await other.ask('fetchAll', sameShelf, 'all');
    await expectParts(other, seen as number, 'made');
    await Promise.all([
      maker.ask('release', made),
      other.ask('release', redeemed),
      other.ask('release', seen as number),
    ]);
    const popped = await other.ask('fetch', sameShelf, 'pop');
    await expectParts(other, popped, 'made');

    const named = await other.ask('get', 'Treasure', 'known', 'named');
    await expectParts(other, named, 'named');
    await expectParts(maker, await maker.ask('get', 'Treasure', 'known', 'never made'), 'named');

    await Promise.all([maker.ask('close'), other.ask('close')]);
    await watcher.ask('unlink', 'Treasure', 'known');
    await watcher.ask('unlink', 'Shelf', 'common');
    await disposed(server, ['made', 'made/c', 'named', 'common shelf'], 1000);
    expect(await watcher.ask('numberOfObjects')).toBe(before);
  });

  it('in a container stay though the one who put them was killed, and go with its last holder', async () => {
    const [owner, giver] = [await stage.application(), await stage.application()];
    const shelf = await owner.ask('create', 'Shelf', 'shelf');
    const labels = ['gold', 'silver', 'bronze'];
    const borrowed = await giver.ask('redeem', await owner.ask('ticket', shelf));
    for (const each of labels) await giver.ask('pass', borrowed, 'push', [await giver.ask('create', 'Treasure', each)]);
    expect(await holders('Treasure')).toHaveLength(6);

    await giver.kill();
    const left = await until(
      () => holders('Treasure'),
      ({ length }) => length === 3,
      {
        within: 2 * LEASE,
        what: 'What the killed application held',
      },
    );
    expect(left.after).toBeLessThanOrEqual(LEASE + 1000);
    expect(left.answer.map(({ kind }) => kind)).toEqual(['object', 'object', 'object']);
    expect(await owner.ask('call', shelf, 'labels')).toEqual(labels);

    await owner.kill();
    const after = await disposed(server, ['shelf', ...labels], 2 * LEASE);
    expect(after).toBeLessThanOrEqual(LEASE + 1000);
  });

  it('that only hold each other are let go when their application is killed', async () => {
    const application = await stage.application();
    const [east, west] = [
      await application.ask('create', 'Atlas', 'east'),
      await application.ask('create', 'Atlas', 'west'),
    ];
    await application.ask('pass', east, 'add', [west]);
    await application.ask('pass', west, 'add', [east]);
    expect(await holders('Atlas')).toHaveLength(4);
    await application.kill();
    const after = await disposed(server, ['east', 'west'], 2 * LEASE);
    expect(after).toBeLessThanOrEqual(LEASE + 1000);
  });

  it('are told by the census, with everybody who holds them', async () => {
    const application = await stage.application({ application: 'census' });
    const jewel = await application.ask('get', 'Treasure', 'jewel', 'jewel');
    const box = await application.ask('create', 'Shelf', 'box');
    await application.ask('pass', box, 'push', [jewel]);
    await application.ask('ticket', jewel, { ttl: 20_000, uses: 3 });

    const { servers } = await watcher.ask('debugInfo');
    expect(servers).toHaveLength(1);
    const generation = (await server.ask('identity'))?.generation;
    expect(servers[0]).toMatchObject({ server: 'default', generation });
    const token = await application.ask('token', jewel);
    const object = servers[0]?.objects.find(({ id }) => id === token?.id);
    expect(object).toMatchObject({ typeid: 'Treasure', name: 'jewel' });
    expect(object?.preview).toContain('Treasure');
    const session = { kind: 'session', application: 'census', host: hostname(), pid: application.pid, grants: 1 };
    const boxId = (await application.ask('token', box))?.id;
    expect(object?.holders).toHaveLength(4);
    expect(object?.holders).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'name', name: 'jewel', keep: 'always' }),
        expect.objectContaining(session),
        expect.objectContaining({ kind: 'object', object: { id: boxId, typeid: 'Shelf' } }),
        expect.objectContaining({ kind: 'ticket', application: 'census', uses: 3 }),
      ]),
    );
    const ticket = object?.holders.find(({ kind }) => kind === 'ticket');
    expect((ticket?.expiresAt ?? 0) - (ticket?.since ?? 0)).toBe(20_000);
    await watcher.ask('unlink', 'Treasure', 'jewel');
    await application.ask('close');
  });
});

describe('references between servers', () => {
  let stage: Stage;
  let treasury: ServerWorker;
  let application: ApplicationWorker;

  beforeAll(async () => {
    stage = new Stage(redis);
    treasury = await stage.server({ name: 'treasury' });
    application = await stage.application();
  });
  afterAll(() => stage.close());

  /** An object of the treasury that only a shelf of another server keeps. */
  const kept = async (server: string, label: string): Promise<number> => {
    const shelf = await application.ask('createAt', server, 'Shelf', `shelf at ${server}`);
    const treasure = await application.ask('createAt', 'treasury', 'Treasure', label);
    await application.ask('pass', shelf, 'push', [treasure]);
    await application.ask('release', treasure);
    expect(await application.ask('call', shelf, 'labels')).toEqual([label]);
    expect(await treasury.ask('noted')).not.toHaveProperty([`disposed ${label}`]);
    return shelf;
  };

  it('are given back at once when the server that held them is closed', async () => {
    const shelves = await stage.server({ name: 'closing' });
    await kept('closing', 'pearl');
    await shelves.ask('close');
    expect(await disposed(treasury, ['pearl'], LEASE)).toBeLessThan(1000);
  });

  it('are given back within the lease and one second when that server is killed', async () => {
    const shelves = await stage.server({ name: 'killed' });
    await kept('killed', 'amber');
    await shelves.kill();
    expect(await disposed(treasury, ['amber'], 2 * LEASE)).toBeLessThanOrEqual(LEASE + 1000);
  });

  it('are given back at once when what kept them is let go', async () => {
    await stage.server({ name: 'living' });
    const shelf = await kept('living', 'ivory');
    await application.ask('release', shelf);
    expect(await disposed(treasury, ['ivory'], LEASE)).toBeLessThan(1000);
  });
});
