// Ends of an application and of a server whose modules call shared objects in every hook: what test/faults/hooks.spec.ts does
// under Nest 12. Nest 11 runs the hooks again where it is closed twice, and those of a module at once.
import 'reflect-metadata';
import { deepStrictEqual, match, ok } from 'node:assert';
import { getManagerToken } from 'nestjs-manager';
import { Bell, named, startLeaving } from './leaving.mjs';

process.on('unhandledRejection', (error) => {
  console.error('unhandled rejection:', error);
  process.exitCode = 1;
});

const medium = { redis: process.env.REDIS_URL, namespace: 'hooks' };
const EARLY = /^(onModuleDestroy|beforeApplicationShutdown) /;
const CLOSED = /^(ManagerClosed|ServerClosing|ObjectLost)Error not-executed$/;

async function start(options) {
  const outcomes = new Map();
  const note = (hook, outcome) => outcomes.has(hook) || outcomes.set(hook, outcome);
  const app = await startLeaving({ medium, global: true, logger: false, ...options }, note);
  const manager = app.get(getManagerToken(), { strict: false });
  const end = async () => {
    const since = performance.now();
    await Promise.all([app.close(), app.close()]);
    await app.close();
    ok(performance.now() - since < 4000);
    deepStrictEqual(outcomes.size, 21);
    return [...outcomes];
  };
  return { manager, end };
}

const server = await start({ server: { name: 'default', lease: 3000 } });

for (const global of [true, false]) {
  const { manager, end } = await start({ global });
  const bell = await manager.create(Bell);
  const pending = bell.later(10_000).catch(named);
  for (const [hook, outcome] of await end()) {
    if (EARLY.test(hook)) deepStrictEqual([hook, outcome], [hook, 'answered']);
    else match(outcome, /^answered$|^ManagerClosedError not-executed$/);
  }
  deepStrictEqual(await pending, 'ManagerClosedError unknown');
}

{
  const { end } = await start({ first: 'closes the manager' });
  const outcomes = (await end()).map(([, outcome]) => outcome);
  deepStrictEqual(new Set(outcomes), new Set(['answered', 'ManagerClosedError not-executed']));
}

{
  const lock = await server.manager.lock();
  await lock.acquire();
  const waiting = server.manager.task(() => lock.acquire()).catch(named);
  const bell = await server.manager.create(Bell);
  const running = bell.later(200).catch(named);
  // It has started.
  await bell.ring();
  for (const [, outcome] of await server.end()) match(outcome, CLOSED);
  deepStrictEqual(await Promise.all([running, waiting]), [2, 'ServerClosingError unknown']);
}
