import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { until } from '../support/until.js';
import type { WorkerError } from '../support/worker.js';
import { ALIKE } from './medium.js';
import { LEASE, Scene, type Actor } from './scene.js';
import type { Event } from './workers/src/history.js';

jest.setTimeout(90_000);

const CALLS = 2000;
/** Ms that a server may take to end, where nothing runs that takes longer. */
const SOON = 10_000;
/** What a call may be told that the end of a server meets. */
const TOLD = [
  'ServerClosingError not-executed',
  'ObjectLostError not-executed',
  'ObjectLostError unknown',
  'ServerUnavailableError not-executed',
  // On a machine that is too busy to beat.
  'SessionExpiredError not-executed',
  'SessionExpiredError unknown',
];

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'manager-sigterm-'))));
afterAll(() => rm(folder, { recursive: true }));

/** Calls that servers ran, by their own account. */
async function ranIn(...files: string[]): Promise<string[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const events = texts.flatMap((text) => text.trim().split('\n')).map((line) => JSON.parse(line) as Event);
  return events.flatMap((event) => (event.kind === 'ran' ? event.call : []));
}

describe.each(ALIKE)('a server over %s that gets SIGTERM', (over) => {
  it('with calls in flight answers those that run; of the others each is told the truth, and goes on at its successor', async () => {
    await using scene = await Scene.open({ over });
    const [file, after] = [join(folder, `${over} first.jsonl`), join(folder, `${over} second.jsonl`)];
    const host = await scene.host({ file });
    const [caller, owner, waiter] = (await scene.actors(3)) as [Actor, Actor, Actor];
    const actors = [caller, owner, waiter];
    for (const actor of actors) expect(await actor.ask('get', 'Tally', 'shared')).toBe(0);
    const late = caller.ask('call', 0, 'later', 'late', 1000);
    await owner.ask('guard', 'a lock');
    const waiting = waiter.ask('guard', 'a lock').catch((error: unknown) => error);
    const driving = actors.map((actor) => actor.ask('drive', 0, CALLS, 20, 10, 8000));
    await sleep(300);
    const since = performance.now();
    host.signal('SIGTERM');
    expect(await late).toEqual(expect.any(Number));
    expect(await host.exited).toEqual({ code: null, signal: 'SIGTERM' });
    expect(performance.now() - since).toBeLessThan(SOON);
    await scene.host({ file: after });

    // Nobody waits for a lock that is gone, or goes on under it.
    expect(await waiting).toMatchObject({
      class: expect.stringMatching(/^(ServerClosing|ObjectLost|SessionExpired)Error$/),
    });
    const { notes, error } = await owner.ask('unguard');
    expect(error).toMatchObject({ class: expect.stringMatching(/^(ObjectLost|SessionExpired)Error$/) });
    expect(notes.at(-1)?.what).toBe('lost');

    const reports = await Promise.all(driving);
    for (const { acknowledged, failed } of reports) {
      expect(TOLD).toEqual(expect.arrayContaining(Object.keys(failed)));
      expect(Object.values(failed).reduce((sum, count) => sum + count, acknowledged)).toBe(CALLS);
    }
    const ran = (await ranIn(file, after)).filter((call) => call !== 'late');
    expect(new Set(ran).size).toBe(ran.length);
    const acknowledged = reports.reduce((sum, report) => sum + report.acknowledged, 0);
    const unknown = reports.reduce((sum, report) => sum + report.mayHaveRun, 0);
    expect(ran.length).toBeGreaterThanOrEqual(acknowledged);
    expect(ran.length).toBeLessThanOrEqual(acknowledged + unknown);
    // The new object of the name is reached by everybody.
    for (const actor of actors) {
      await until(
        () => actor.ask('call', 0, 'count', 'again').catch((error: WorkerError) => error.class),
        (count) => typeof count === 'number',
        { within: 5 * LEASE, what: `A call of ${actor.name} that is answered` },
      );
    }
  });
});
