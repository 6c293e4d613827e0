import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { until } from '../support/until.js';
import { ALIKE } from './medium.js';
import { LEASE, Scene, type Actor, type Host } from './scene.js';
import type { DriveReport } from './workers/src/actor.js';

jest.setTimeout(90_000);

const KIB = 1024;
const MIB = 1024 * KIB;
/** Bytes that one session may have under way, in these scenes. */
const CREDIT = 8 * MIB;
/** Bytes that a server may keep for one session: what is under way, and on its way to the medium, in more than one form. */
const KEPT = 8 * CREDIT;
/** Ms that a call of somebody modest may take on a busy machine while another does its worst: its timeout. */
const SHARE = 15_000;
/** Calls that may wait in an application until there is credit for them. */
const QUEUED = 10_000;
/** Tiny calls at once; `FAULTS_STORM=1000000` makes more. */
const STORM = Number(process.env['FAULTS_STORM'] ?? 100_000);

/** Somebody modest makes calls while another does its worst: what became of them, and what the server kept at most, beyond before. */
async function beside(
  host: Host,
  modest: Actor,
  worst: () => Promise<unknown>,
): Promise<{ report: DriveReport; kept: number }> {
  const tally = await modest.ask('create', 'Tally');
  await modest.ask('drive', tally, 50, 2, 5, SHARE);
  const before = await host.ask('memory');
  let over = false;
  modest.patience = 60_000;
  const driving = modest.ask('drive', tally, 400, 2, 10, SHARE).finally(() => (over = true));
  const doing = worst();
  let kept = 0;
  while (!over) {
    kept = Math.max(kept, (await host.ask('memory')) - before);
    await sleep(100);
  }
  await doing;
  return { report: await driving, kept };
}

function expectItsShare({ report, kept }: { report: DriveReport; kept: number }): void {
  expect(report).toEqual(expect.objectContaining({ acknowledged: 400, failed: {} }));
  expect(kept).toBeLessThan(KEPT);
}

async function open(scene: Scene): Promise<{ host: Host; greedy: Actor; modest: Actor }> {
  const [host, [greedy, modest]] = await Promise.all([
    scene.host({ limits: { bytes: CREDIT, messageBytes: MIB } }),
    scene.actors(2, { limits: { queued: QUEUED } }) as Promise<[Actor, Actor]>,
  ]);
  return { host, greedy, modest };
}

describe.each(ALIKE)('an application over %s that', (over) => {
  it.each([
    ['stands still', (greedy: Actor): unknown => greedy.pause(), /gave no sign of life/],
    ['beats on', (greedy: Actor): unknown => greedy.ask('deafen'), /was acknowledged for \d+ ms, though it beats/],
  ])(
    'never reads its answers and %s: the server keeps no more than its credit, until its session ends',
    async (_, stop, ends) => {
      await using scene = await Scene.open({ over });
      const { host, greedy, modest } = await open(scene);
      const spring = await greedy.ask('create', 'Spring');
      const before = await host.ask('memory');
      const outcome = await beside(host, modest, async () => {
        // Sixteen times as much as it may have under way.
        await greedy.ask('hoard', spring, 1024, 128 * KIB);
        await stop(greedy);
      });
      expectItsShare(outcome);
      await until(
        () => host.logged(ends),
        (ended) => ended,
        { within: 3 * LEASE, what: 'The end of its session' },
      );
      // Without Redis it is the server who keeps the inbox of who stands still, until its connection is given up and the
      // inbox's time is over: two minutes, with as much in it as an inbox takes.
      const rest = over === 'a socket' && ends.test('gave no sign of life') ? KEPT : CREDIT;
      await until(
        () => host.ask('memory'),
        (bytes) => bytes - before < rest,
        { within: 3 * LEASE, what: 'The memory as it was before' },
      );
      expect(await modest.ask('numberOfObjects')).toBe(1);
    },
  );

  it('makes more tiny calls at once than may wait hears so of each that was not executed; others keep their share', async () => {
    await using scene = await Scene.open({ over });
    const { host, greedy, modest } = await open(scene);
    const tally = await greedy.ask('create', 'Tally');
    greedy.patience = 60_000;
    const storm = greedy.ask('storm', tally, STORM, 0);
    expectItsShare(await beside(host, modest, () => Promise.resolve()));
    const { acknowledged, failed, retryAfter } = await storm;
    const refused = failed['OverloadedError not-executed'] ?? 0;
    expect(failed).toEqual({ 'OverloadedError not-executed': refused });
    expect(acknowledged + refused).toBe(STORM);
    expect(refused).toBeGreaterThan(0);
    expect(retryAfter).toBeGreaterThan(0);
    // Exactly those that were acknowledged were executed.
    expect(await greedy.ask('call', tally, 'count', 'the last')).toBe(acknowledged + 1);
  });
});

describe.each(ALIKE)('a method over %s that', (over) => {
  it('yields for ever is held back by who takes its items; others keep their share', async () => {
    await using scene = await Scene.open({ over });
    const { host, greedy, modest } = await open(scene);
    const spring = await greedy.ask('create', 'Spring');
    expectItsShare(await beside(host, modest, () => greedy.ask('sip', spring, 40, 256 * KIB, 30)));
    // Not many more items than were taken.
    expect(await greedy.ask('call', spring, 'made')).toBeLessThan(40 + 16);
  });
});
