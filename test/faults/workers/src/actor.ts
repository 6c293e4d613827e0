// An application that does what a scenario says.
import 'reflect-metadata';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  getManagerToken,
  ManagerError,
  ManagerModule,
  OverloadedError,
  type AnyProxy,
  type DebugInfo,
  type Lock,
  type Manager,
  type SharedProxy,
} from 'nestjs-manager';
import { ReportingLogger } from '../../../workers/dist/logger.js';
import { reportError, serve, workerOptions, type ErrorReport } from '../../../workers/dist/protocol.js';
import { mediumOf, tap, type ArenaOptions } from './options.js';
import { Recorder } from './recorder.js';
import { Spring, Tally } from './types.js';
import type { Written } from './tap.js';
import { upsets } from './upsets.js';

const options = workerOptions<ArenaOptions>();
const recorder = new Recorder(options.by, undefined);

@Module({ imports: [ManagerModule.forRoot({ ...mediumOf(options), application: options.by, timeout: 10_000 })] })
class ActorModule {}

const app = await NestFactory.createApplicationContext(ActorModule, { logger: new ReportingLogger() });
app.enableShutdownHooks();
const manager = app.get<Manager>(getManagerToken());
const statuses: string[] = [];
manager.status$.subscribe({ next: (status) => statuses.push(status), complete: () => statuses.push('complete') });

type AnyMethods = Record<string, (...args: unknown[]) => Promise<unknown>>;
const proxies: (AnyProxy & AnyMethods)[] = [];
const keep = (proxy: unknown): number => proxies.push(proxy as AnyProxy & AnyMethods) - 1;
const found = (key: number): AnyProxy & AnyMethods => {
  const proxy = proxies[key];
  if (!proxy) throw new Error(`No proxy ${key} is kept here`);
  return proxy;
};

/** What became of many calls. */
export interface DriveReport {
  acknowledged: number;
  /** By class and fate. */
  failed: Record<string, number>;
  /** Ms of the call that took longest. */
  slowest: number;
  /** Of the calls whose fate is unknown, or that ran all the same. */
  mayHaveRun: number;
}

/** What became of a storm of calls. */
export interface StormReport {
  acknowledged: number;
  /** By class and fate. */
  failed: Record<string, number>;
  /** The longest that any of those who were refused is to wait, in ms. */
  retryAfter: number;
}

/** What became of a lock that was held under a signal. */
export interface GuardReport {
  fence: bigint;
  /** What happened, in its order, by the clock that nobody sets. */
  notes: { what: 'called' | 'lost'; at: number }[];
  error: ErrorReport | undefined;
}

interface Guard {
  report: GuardReport;
  stop: boolean;
  over: Promise<void>;
}
let guard: Guard | undefined;

const commands = {
  ...upsets,

  async create(typeid: string, ...args: unknown[]): Promise<number> {
    return keep(await manager.create(typeid, ...args));
  },
  async get(typeid: string, name: string, server?: string): Promise<number> {
    const creators = server === undefined ? manager : manager.at(server);
    return keep(await creators.get(typeid, name));
  },
  call: async (key: number, method: string, ...args: unknown[]): Promise<unknown> => found(key)[method]?.(...args),
  async callWithin(key: number, timeout: number, method: string, ...args: unknown[]): Promise<unknown> {
    return (manager.with(found(key), { timeout }) as unknown as AnyMethods)[method]?.(...args);
  },
  token: (key: number) => manager.token(found(key)),

  /** Makes so many calls, as fast as it can without standing still, whatever becomes of them. */
  async storm(key: number, calls: number, timeout: number): Promise<StormReport> {
    const tally = manager.with(found(key), { timeout }) as unknown as SharedProxy<Tally>;
    const report: StormReport = { acknowledged: 0, failed: {}, retryAfter: 0 };
    const answered = (): void => void report.acknowledged++;
    const failed = (error: unknown): void => {
      const { name, fate } = error as ManagerError;
      report.failed[`${name} ${fate}`] = (report.failed[`${name} ${fate}`] ?? 0) + 1;
      if (error instanceof OverloadedError) report.retryAfter = Math.max(report.retryAfter, error.retryAfter ?? 0);
    };
    const all: Promise<void>[] = [];
    for (let made = 0; made < calls; made++) {
      all.push(tally.count(`${options.by}#${made}`).then(answered, failed));
      if (made % 2000 === 0) await setImmediate();
    }
    await Promise.all(all);
    return report;
  },
  /** Asks for so many answers of so many bytes, and waits for none. */
  hoard(key: number, calls: number, bytes: number): void {
    const spring = found(key) as unknown as SharedProxy<Spring>;
    for (let made = 0; made < calls; made++) spring.blob(bytes).catch(() => undefined);
  },
  /** Takes so many items of a flow that has no end, one every so many ms. */
  async sip(key: number, items: number, bytes: number, every: number): Promise<void> {
    const spring = found(key) as unknown as SharedProxy<Spring>;
    let taken = 0;
    for await (const item of await spring.flow(bytes)) {
      if (item.length !== bytes) throw new Error(`An item has ${item.length} bytes`);
      if (++taken === items) break;
      await sleep(every);
    }
  },
  /** Says that it is there, and reads nothing from now on. */
  deafen(): void {
    tap.deaf = true;
  },

  /** The last beats that it sent. */
  beats: (): Written[] => tap.beats,

  /** Counts up, so many calls at a time, until so many were made. */
  async drive(key: number, calls: number, batch: number, every: number, timeout: number): Promise<DriveReport> {
    const tally = manager.with(found(key), { timeout }) as unknown as SharedProxy<Tally>;
    const report: DriveReport = { acknowledged: 0, failed: {}, slowest: 0, mayHaveRun: 0 };
    const one = async (call: string): Promise<void> => {
      const since = performance.now();
      try {
        await tally.count(call);
        report.acknowledged++;
      } catch (error) {
        const { name, fate } = error as ManagerError;
        const what = `${name} ${error instanceof ManagerError ? (fate ?? 'without a fate') : 'that is not ours'}`;
        report.failed[what] = (report.failed[what] ?? 0) + 1;
        if (fate !== 'not-executed') report.mayHaveRun++;
      }
      report.slowest = Math.max(report.slowest, performance.now() - since);
    };
    const under: Promise<void>[] = [];
    for (let made = 0; made < calls; made += batch) {
      for (let i = 0; i < batch; i++) under.push(one(`${options.by}#${made + i}`));
      await sleep(every);
    }
    await Promise.all(under);
    return report;
  },

  /** Holds a lock, and calls under it every other millisecond, until the lock is lost or `unguard`. Answers once it has it. */
  async guard(name: string): Promise<bigint> {
    const lock: SharedProxy<Lock> = await manager.named(name).lock();
    return new Promise((resolve, reject) => {
      const report: GuardReport = { fence: 0n, notes: [], error: undefined };
      const note = (what: 'called' | 'lost'): void =>
        void report.notes.push({ what, at: Number(process.hrtime.bigint()) / 1e6 });
      const made: Guard = { report, stop: false, over: Promise.resolve() };
      guard = made;
      made.over = lock
        .runExclusive(async ({ fence, signal }) => {
          signal.addEventListener('abort', () => note('lost'));
          report.fence = fence;
          resolve(fence);
          while (!made.stop) {
            lock.locked().catch(() => undefined);
            if (signal.aborted) break;
            note('called');
            await sleep(2);
          }
        })
        .catch((error: unknown) => {
          report.error = reportError(error);
          reject(error as Error);
        });
    });
  },
  async unguard(): Promise<GuardReport> {
    if (!guard) throw new Error('Nothing is guarded here');
    guard.stop = true;
    await guard.over;
    return guard.report;
  },

  statuses: () => statuses,
  numberOfObjects: (): Promise<number> => manager.numberOfObjects(),
  debugInfo: (): Promise<DebugInfo> => manager.debugInfo(),
  /** The session that holds an object, by the server's account. */
  async session(key: number): Promise<unknown> {
    const token = manager.token(found(key));
    const { servers } = await manager.debugInfo();
    const objects = servers.filter(({ server }) => server === token?.server).flatMap(({ objects }) => objects);
    const holders = objects.find(({ id }) => id === token?.id)?.holders ?? [];
    return holders.find(({ application }) => application === options.by)?.session;
  },

  /** Closes as often as it is told to, at once: how long that took, in ms. */
  async close(times = 1): Promise<number> {
    const since = performance.now();
    await Promise.all(Array.from({ length: times }, () => manager.close()));
    return performance.now() - since;
  },
  closeApplication: (): Promise<void> => app.close(),
};
export type ActorCommands = typeof commands;
serve(commands);
void recorder;
