// In which order Nest calls the hooks of an end is not ours to say. The packed package does the same under Nest 11: see test/smoke.
import { describe, expect, it, jest } from '@jest/globals';
import { MEDIA } from './medium.js';
import { LEASE, Scene, type Leaver } from './scene.js';

jest.setTimeout(90_000);

/** Ms that an end may take beyond what its hooks do, whatever is wrong. */
const SOON = 8000;
/** Ms that a call in a hook has while Redis is away. */
const AWAY = 500;
const SERVER = { name: 'default', lease: LEASE };
const CLOSED = 'ManagerClosedError not-executed';

/** Modules with hooks: imported before and after ours, below others, global. */
const MODULES = 7;

/** What calls in this hook came to, by module. */
function inHook(outcomes: Record<string, string>, hook: string): Record<string, string> {
  const own = Object.entries(outcomes).filter(([what]) => what.startsWith(`${hook} `));
  expect(own).toHaveLength(MODULES);
  return Object.fromEntries(own.map(([what, outcome]) => [what.slice(hook.length + 1), outcome]));
}

async function serving(scene: Scene): Promise<Leaver> {
  const server = await scene.leaver();
  await server.ask('start', { global: true, server: SERVER });
  return server;
}

describe('hooks of an application that call shared objects', () => {
  it.concurrent.each([
    ['is global', true],
    ['is imported where it is used', false],
  ])('are answered until the manager closes, after all who depend on it, where its module %s', async (_, global) => {
    await using scene = await Scene.open();
    await serving(scene);
    const leaver = await scene.leaver();
    await leaver.ask('start', { global });
    await leaver.ask('call', 60_000);
    const { outcomes, calls, ms } = await leaver.ask('end', 2);
    for (const hook of ['onModuleDestroy', 'beforeApplicationShutdown']) {
      expect(new Set(Object.values(inHook(outcomes, hook)))).toEqual(new Set(['answered']));
    }
    const last = inHook(outcomes, 'onApplicationShutdown');
    // Of modules that are global themselves Nest does not know who depends on whom.
    const after = Object.entries(last).filter(([module, outcome]) => module.startsWith('global') && outcome === CLOSED);
    const answered = Object.keys(last).map((module) => [module, 'answered']);
    expect(last).toEqual(Object.fromEntries([...answered, ...after]));
    expect(calls).toEqual(['ManagerClosedError unknown', 'ManagerClosedError unknown']);
    expect(ms).toBeLessThan(SOON);
  });

  it.concurrent('hear at once that one of them has closed the manager', async () => {
    await using scene = await Scene.open();
    await serving(scene);
    const leaver = await scene.leaver();
    await leaver.ask('start', { global: true, first: 'closes the manager' });
    const { outcomes, ms } = await leaver.ask('end', 2);
    const closed = Object.values(outcomes).filter((outcome) => outcome === CLOSED);
    expect(closed.length).toBeGreaterThanOrEqual(2 * MODULES);
    expect(new Set(Object.values(outcomes))).toEqual(new Set(['answered', CLOSED]));
    expect(ms).toBeLessThan(SOON);
  });

  it.concurrent('and that wait for a Redis that is away do so for as long as a call may, and no longer', async () => {
    await using scene = await Scene.open();
    await scene.redis.kill();
    const leaver = await scene.leaver();
    await leaver.ask('start', { global: true, uses: ['in the root'], timeout: AWAY });
    await leaver.ask('callLater');
    const { outcomes, calls, ms } = await leaver.ask('end', 1);
    expect(outcomes).toEqual({
      'onModuleDestroy in the root': 'ServerUnavailableError not-executed',
      'beforeApplicationShutdown in the root': 'ServerUnavailableError not-executed',
      'onApplicationShutdown in the root': 'ServerUnavailableError not-executed',
    });
    expect(calls).toEqual([CLOSED]);
    expect(ms).toBeLessThan(3 * AWAY + SOON);
  });
});

describe('hooks of a server that call its own objects', () => {
  it.concurrent.each(MEDIA)(
    'hear at once that it has closed, which app.close() does before any of them, over %s',
    async (over) => {
      await using scene = await Scene.open({ over });
      const server = await serving(scene);
      await server.ask('call', 300);
      const { outcomes, calls, ms } = await server.ask('end', 2);
      for (const outcome of Object.values(outcomes)) {
        expect(outcome).toMatch(/^(ManagerClosed|ServerClosing|ObjectLost)Error not-executed$/);
      }
      // What ran ended; nothing will come for who waited.
      expect(calls).toEqual(['1', 'ServerClosingError unknown']);
      expect(ms).toBeLessThan(SOON);
    },
  );

  it.concurrent.each(MEDIA)(
    'are answered at a signal until the server closes, and hear it at once from then on, over %s',
    async (over) => {
      await using scene = await Scene.open({ over });
      const server = await serving(scene);
      await server.ask('enableShutdownHooks');
      server.signal('SIGTERM');
      server.signal('SIGTERM');
      const { signal } = await server.exited;
      expect(signal).toBe('SIGTERM');
      const outcomes = Object.fromEntries(server.logs.map(({ text }) => text.split(': ') as [string, string]));
      for (const hook of ['onModuleDestroy', 'beforeApplicationShutdown']) {
        expect(new Set(Object.values(inHook(outcomes, hook)))).toEqual(new Set(['answered']));
      }
      for (const outcome of Object.values(inHook(outcomes, 'onApplicationShutdown'))) {
        expect(outcome).toMatch(/^(ManagerClosed|ServerClosing|ObjectLost)Error not-executed$/);
      }
    },
  );
});
