import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { until } from '../support/until.js';
import { Random } from '../workers/random.js';
import type { Arena, PlayerSlot, ServerSlot } from './arena.js';
import type { FaultName, Step } from './schedule.js';
import type { Way } from './way.js';

/** Ms that a server has to end in order. */
const ENDING = 10_000;
const PASSWORD = 'for-a-while';

/** Causes a fault, and mends it after its time. */
type Cause = (arena: Arena, step: Step, begins: (on: string) => void) => Promise<void>;

function playerOf({ players }: Arena, { dice }: Step): PlayerSlot {
  return players[dice % players.length] as PlayerSlot;
}

function serverOf({ servers }: Arena, { dice }: Step): ServerSlot {
  return servers[dice % servers.length] as ServerSlot;
}

/** One at a time: a process cannot start while Redis refuses, and who takes over a name needs Redis to remember it. */
let starts: Promise<void> = Promise.resolve();
function alone(cause: Cause): Cause {
  return (...given) => {
    const mine = starts.then(() => cause(...given));
    starts = mine.catch(() => undefined);
    return mine;
  };
}

const pausePlayer: Cause = async (arena, step, begins) => {
  const player = playerOf(arena, step);
  begins(player.by);
  player.worker.pause();
  await sleep(step.ms);
  player.worker.resume();
};

const blockPlayer: Cause = async (arena, step, begins) => {
  const player = playerOf(arena, step);
  begins(player.by);
  await player.worker.ask('block', step.ms);
};

const pauseServer: Cause = async (arena, step, begins) => {
  const server = serverOf(arena, step);
  begins(server.by);
  server.worker.pause();
  await sleep(step.ms);
  server.worker.resume();
};

/** Forward and back again, or the other way round. */
function clockOffset({ dice }: Step): number {
  const hours = ((dice >> 8) % 48) - 24;
  return hours * 3_600_000 + 1000;
}

const pauseRedis: Cause = async ({ medium: { redis } }, { ms }, begins) => {
  begins('redis');
  redis.pause();
  await sleep(ms);
  redis.resume();
};

/** What is sent on these goes nowhere for so long. */
async function swallow(ways: readonly Way[], ms: number): Promise<void> {
  for (const way of ways) way.swallow();
  await sleep(ms);
  for (const way of ways) way.open();
}

const halfOpen: Cause = async (arena, step, begins) => {
  const player = playerOf(arena, step);
  begins(player.by);
  await swallow(arena.waysOf(player), step.ms);
};

const restart = (keepData: boolean): Cause =>
  alone(async ({ medium: { redis } }, _step, begins) => {
    begins('redis');
    await redis.restart({ keepData });
  });

/** Redis is otherwise for a while, and the connections that there were are of no use. */
const otherwise = (set: (client: Redis) => Promise<unknown>, unset: (client: Redis) => Promise<unknown>): Cause =>
  alone(async (arena, { ms }, begins) => {
    begins('redis');
    await arena.admin(set);
    await sleep(ms);
    await arena.admin(unset, undefined);
  });

export const causes: Record<FaultName, Cause> = {
  'application killed': alone(async (arena, step, begins) => {
    const player = playerOf(arena, step);
    begins(player.by);
    await arena.kill(player);
    await sleep(step.ms);
    await arena.startPlayer(player);
    await player.worker.ask('play');
  }),
  'application paused shortly': pausePlayer,
  'application paused for long': pausePlayer,
  'application blocked shortly': blockPlayer,
  'application blocked for long': blockPlayer,
  'application’s clock set': async (arena, step, begins) => {
    const player = playerOf(arena, step);
    begins(player.by);
    await player.worker.ask('setClock', clockOffset(step));
    await sleep(step.ms);
    await player.worker.ask('setClock', 0);
  },

  'server paused shortly': pauseServer,
  'server paused for long': pauseServer,
  'server blocked for long': async (arena, step, begins) => {
    const server = serverOf(arena, step);
    begins(server.by);
    await server.worker.ask('block', step.ms);
  },
  'server’s clock set': async (arena, step, begins) => {
    const server = serverOf(arena, step);
    begins(server.by);
    await server.worker.ask('setClock', clockOffset(step));
    await sleep(step.ms);
    await server.worker.ask('setClock', 0);
  },
  'server closed': alone(async (arena, step, begins) => {
    const server = serverOf(arena, step);
    begins(server.by);
    server.worker.signal('SIGTERM');
    const late = sleep(ENDING, 'late', { ref: false });
    if ((await Promise.race([server.worker.exited, late])) === 'late') {
      arena.trouble(`The server ${server.by} did not end within ${ENDING} ms of SIGTERM.`);
    }
    await arena.kill(server);
    await sleep(step.ms);
    await arena.startServer(server);
  }),
  'server killed': alone(async (arena, step, begins) => {
    const server = serverOf(arena, step);
    begins(server.by);
    await arena.kill(server);
    await sleep(step.ms);
    await arena.startServer(server);
  }),
  'server replaced while it was paused': alone(async (arena, step, begins) => {
    const server = serverOf(arena, step);
    const zombie = { ...server };
    begins(server.by);
    zombie.worker.pause();
    await arena.startServer(server);
    await sleep(step.ms);
    zombie.worker.resume();
    const stopped = (): boolean => !zombie.worker.running || zombie.worker.logged(/now belongs to generation/);
    await until(stopped, (did) => did, { within: ENDING, what: 'Word from the server that lost its name' }).catch(
      (error: unknown) => arena.trouble(String(error)),
    );
    await arena.kill(zombie);
  }),

  'connections of all cut by Redis': async (arena, _step, begins) => {
    begins('redis');
    await arena.admin((client) => client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
  },
  'some connections cut by Redis': async (arena, { dice }, begins) => {
    begins('redis');
    const random = new Random(dice);
    await arena.admin(async (client) => {
      const own = await client.client('ID');
      const list = String(await client.call('CLIENT', 'LIST', 'TYPE', 'normal'));
      const ids = [...list.matchAll(/^id=(\d+)/gm)].map(([, id]) => String(id)).filter((id) => id !== String(own));
      for (const id of ids) if (random.below(2) > 0) await client.call('CLIENT', 'KILL', 'ID', id);
    });
  },
  'way of an application cut': async (arena, step, begins) => {
    const player = playerOf(arena, step);
    begins(player.by);
    for (const way of arena.waysOf(player)) way.cut();
  },
  'way of an application half open, shortly': halfOpen,
  'way of an application half open, for long': halfOpen,
  'way of a server half open': async (arena, step, begins) => {
    const server = serverOf(arena, step);
    begins(server.by);
    await swallow(arena.waysOf(server), step.ms);
  },
  'ways delayed': async (arena, { dice, ms }, begins) => {
    begins('all');
    const { ways } = arena;
    for (const way of ways) way.delay(20 + (dice % 180));
    await sleep(ms);
    for (const way of ways) way.delay(0);
  },

  'connections of all cut': async ({ ways }, _step, begins) => {
    begins('all');
    for (const way of ways) way.cut();
  },
  'some connections cut': async ({ ways }, { dice }, begins) => {
    begins('all');
    const random = new Random(dice);
    for (const way of ways) if (random.below(2) > 0) way.cut();
  },

  'Redis paused shortly': pauseRedis,
  'Redis paused for long': pauseRedis,
  'Redis restarted with its data': restart(true),
  'Redis restarted without its data': restart(false),
  'Redis out of memory': otherwise(
    (client) => client.config('SET', 'maxmemory', '1'),
    (client) => client.config('SET', 'maxmemory', '0'),
  ),
  'Redis read-only': otherwise(
    (client) => client.replicaof('127.0.0.1', '1'),
    (client) => client.replicaof('NO', 'ONE'),
  ),
  'Redis demands a password': alone(async (arena, { ms }, begins) => {
    begins('redis');
    await arena.admin(async (client) => {
      await client.config('SET', 'requirepass', PASSWORD);
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    });
    await sleep(ms);
    await arena.admin((client) => client.config('SET', 'requirepass', ''), PASSWORD);
  }),
};
