// An application, or a server, that uses shared objects while it is closed.
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { getManagerToken, type Manager } from 'nestjs-manager';
import { serve, tell, workerOptions } from '../../../workers/dist/protocol.js';
import { Bell, named, startLeaving, type LeavingOptions } from './leaving.js';
import { mediumOf, serverMediumOf, type ArenaOptions } from './options.js';
import { Recorder } from './recorder.js';

const options = workerOptions<ArenaOptions>();
const recorder = new Recorder(options.by, undefined);
let app: INestApplicationContext | undefined;
const outcomes: Record<string, string> = {};
const calls: Promise<string>[] = [];

function running(): INestApplicationContext {
  if (!app) throw new Error('Nothing runs here');
  return app;
}

const commands = {
  async start(given: Omit<LeavingOptions, 'medium' | 'logger'>): Promise<void> {
    const medium = given.server ? serverMediumOf(options) : mediumOf(options);
    app = await startLeaving({ ...given, medium, logger: false }, (hook, outcome) => {
      // Nest runs the hooks again where it is closed again.
      outcomes[hook] ??= outcome;
      tell({ kind: 'log', level: 'log', text: `${hook}: ${outcome}` });
    });
  },

  /** Calls that take so long, or wait for ever for a lock; told by `end`. */
  async call(ms: number): Promise<void> {
    const manager = running().get<Manager>(getManagerToken(), { strict: false });
    const bell = await manager.create(Bell);
    calls.push(bell.later(ms).then(String, named));
    const lock = await manager.lock();
    await lock.acquire();
    calls.push(manager.task(() => lock.acquire()).then(String, named));
  },
  /** A call that leaves once there is a connection. */
  callLater(): void {
    const manager = running().get<Manager>(getManagerToken(), { strict: false });
    calls.push(manager.create(Bell).then(() => 'made', named));
  },

  /** Closes so many times at once, and once again when that is done. */
  async end(times: number): Promise<{ outcomes: Record<string, string>; calls: string[]; ms: number }> {
    const since = performance.now();
    await Promise.all(Array.from({ length: times }, () => running().close()));
    const ms = performance.now() - since;
    await running().close();
    return { outcomes, calls: await Promise.all(calls), ms };
  },
  enableShutdownHooks: (): void => void running().enableShutdownHooks(['SIGTERM']),
  sleep: (ms: number) => sleep(ms),
};
export type LeaverCommands = typeof commands;
serve(commands);
void recorder;
