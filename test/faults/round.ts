import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until.js';
import { Arena, type ArenaPlan, type PlayerSlot } from './arena.js';
import { check, type Facts, type Violation } from './checker/check.js';
import { causes } from './faults.js';
import type { MediumName } from './medium.js';
import { faultsOf, mediumOf, schedule, type Track } from './schedule.js';
import type { Event } from './workers/src/history.js';
import { Vault } from './workers/src/vault.js';

export interface RoundOptions {
  seed: number;
  lease: number;
  /** Ms of faults; what comes before and after takes some more. */
  ms: number;
  /** Only faults with this in their names. */
  only?: string | undefined;
  /** @default what the seed says */
  over?: MediumName | undefined;
}

export interface RoundReport {
  plan: ArenaPlan;
  events: Event[];
  violations: Violation[];
  /** How often what happened. */
  counts: Record<string, number>;
}

/** Ms, beyond leases, that things have to come right after the last fault. */
const CALM = 8000;

/** One game from its beginning to its end: who takes part, and what goes wrong, is decided by the seed. */
export async function playRound({
  seed,
  lease,
  ms,
  only,
  over = mediumOf(seed, only),
}: RoundOptions): Promise<RoundReport> {
  const plan: ArenaPlan = {
    seed,
    over,
    lease,
    players: 3,
    servers: seed % 3 === 0 && over === 'Redis' ? ['a', 'b'] : ['a'],
    authkey: seed % 2 === 0 ? 'the key of this arena, 32 bytes!' : undefined,
  };
  const arena = await Arena.open(plan);
  const remains: string[] = [];
  try {
    const observer = await arena.observer();
    const idle = await restOf(arena, observer);
    await Promise.all(arena.players.map(({ worker }) => worker.ask('play')));
    await Promise.all([disturb(arena, 'processes', ms, only), disturb(arena, 'medium', ms, only)]);
    const found = await settle(arena, observer, idle, remains);
    const events = await arena.history();
    const facts: Facts = { ...found, lease, remains };
    return { plan, events, violations: check(events, facts), counts: countsOf(events) };
  } finally {
    await arena.close();
  }
}

/** Causes the faults of a track, one after the other. */
async function disturb(arena: Arena, track: Track, ms: number, only: string | undefined): Promise<void> {
  const { plan } = arena;
  if (only !== undefined && !faultsOf(track, plan.over).some((name) => name.includes(only))) return;
  const until = performance.now() + ms;
  for (const step of schedule(plan, track, only)) {
    if (performance.now() + step.after > until) return;
    await sleep(step.after);
    let on = '';
    const begins = (whom: string): void => arena.fault(step.fault, (on = whom), 'begins', step.ms);
    try {
      await causes[step.fault](arena, step, begins);
    } catch (error) {
      arena.trouble(`The fault "${step.fault}" could not be caused: ${String(error)}`);
    }
    if (on) arena.fault(step.fault, on, 'ends', step.ms);
  }
}

/** What a server has when nobody uses it: timers, sockets, listeners. */
async function restOf(arena: Arena, observer: PlayerSlot): Promise<Record<string, number>[]> {
  await observer.worker.ask('check');
  return Promise.all(arena.servers.map(({ worker }) => worker.ask('resources')));
}

/** All faults are over: calls get through again, the game ends, everybody leaves, and nothing is left. */
async function settle(
  arena: Arena,
  observer: PlayerSlot,
  idle: Record<string, number>[],
  remains: string[],
): Promise<Pick<Facts, 'vault' | 'left' | 'queues'>> {
  const { lease } = arena.plan;
  const expectSoon = async <T>(
    what: string,
    ask: () => Promise<T> | T,
    holds: (answer: T) => boolean,
    within: number,
  ): Promise<void> => {
    await until(ask, holds, { within, what, every: 50 }).catch((error: Error) => remains.push(error.message));
  };

  for (const { by, worker } of arena.players) {
    worker.patience = 2 * lease + 2 * CALM;
    await expectSoon(
      `A call of ${by} that is answered`,
      () => worker.ask('check'),
      (failed) => failed.length === 0,
      3 * lease + CALM,
    );
    const status = await worker.ask('status');
    if (status !== 'connected') remains.push(`The status of ${by} is ${status} though nothing is wrong any more.`);
  }
  await Promise.all(
    arena.players.map(({ by, worker }) =>
      worker.ask('stop').catch((error: Error) => remains.push(`The calls of ${by} did not end: ${error.message}`)),
    ),
  );
  // Half of them say goodbye, the others do not.
  for (const [index, player] of arena.players.entries()) {
    if (index % 2 === 0) await arena.kill(player);
    else {
      await player.worker.ask('close');
      await arena.kill(player);
    }
  }
  await expectSoon(
    'An end of all that has no name',
    () => observer.worker.ask('nameless'),
    (objects) => objects.length === 0,
    lease + CALM,
  );
  const { left, queues } = await observer.worker.ask('drain').catch((error: Error) => {
    remains.push(`The queues could not be emptied: ${error.message}`);
    return { left: [], queues: [] };
  });
  await expectSoon(
    'An end of all objects',
    () => observer.worker.ask('objects'),
    (objects) => objects.length === 0,
    CALM,
  );
  await observer.worker.ask('close');
  for (const { by } of arena.servers) {
    const none = (sessions: string[]): boolean => sessions.length === 0;
    await expectSoon(`An end of all sessions of ${by}`, () => arena.openSessions(by), none, lease + CALM);
  }
  for (const [index, { by, worker }] of arena.servers.entries()) {
    const before = idle[index] ?? {};
    const more = (now: Record<string, number>): string[] =>
      Object.keys(now).filter((name) => (now[name] ?? 0) > (before[name] ?? 0));
    await expectSoon(
      `No more than ${by} began with, ${JSON.stringify(before)},`,
      () => worker.ask('resources'),
      (now) => more(now).length === 0,
      CALM,
    );
    worker.signal('SIGTERM');
    const { code, signal } = await worker.exited;
    if (code !== 0 && signal !== 'SIGTERM') remains.push(`${by} ended with ${code ?? signal} at SIGTERM.`);
  }
  const vault = new Vault(arena.vault.url);
  const log = await vault.all();
  vault.close();
  return { left, queues, vault: log };
}

function countsOf(events: readonly Event[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const event of events) {
    const what =
      event.kind === 'failed'
        ? `failed ${event.error.class} ${event.error.fate ?? ''}`.trim()
        : event.kind === 'fault'
          ? event.phase === 'begins' && `fault: ${event.fault}`
          : event.kind === 'ended'
            ? `session ${event.reason}`
            : ['called', 'answered', 'ran', 'held', 'let-go', 'lag'].includes(event.kind) && event.kind;
    if (what) counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}
