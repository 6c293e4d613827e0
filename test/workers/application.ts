// A Nest application with a manager, as a process of its own.
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import {
  InjectManager,
  InjectShared,
  Manager,
  ManagerError,
  ManagerModule,
  SharedProxy,
  type AnyProxy,
  type DebugInfo,
  type KeepOption,
  type ObjectToken,
  type TicketOptions,
} from 'nestjs-manager';
import { Heap } from './heap.js';
import { ReportingLogger } from './logger.js';
import { reportError, serve, workerOptions, type ApplicationOptions, type ErrorReport } from './protocol.js';
import { Counter } from './types.js';

const options = workerOptions<ApplicationOptions>();

@Injectable()
class Board {
  constructor(
    @InjectManager() readonly manager: Manager,
    @InjectShared(Counter, 'shared') readonly counter: SharedProxy<Counter>,
  ) {}
}

@Module({
  imports: [ManagerModule.forRoot(options), ManagerModule.forFeature([{ type: Counter, name: 'shared' }])],
  providers: [Board],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: new ReportingLogger() });
app.enableShutdownHooks(['SIGTERM', 'SIGINT']);
const { manager, counter } = app.get(Board);

type AnyMethods = Record<string, (...args: unknown[]) => Promise<unknown>>;

/** Proxies that the test may name: each has a number. */
const kept: (AnyProxy | undefined)[] = [counter];
/** Calls of which nobody has asked yet how they ended. */
const begun: Promise<unknown>[] = [];
const keep = (proxy: unknown): number => kept.push(proxy as AnyProxy) - 1;
const found = (key: number): AnyProxy => {
  const proxy = kept[key];
  if (!proxy) throw new Error(`No proxy ${key} is kept here`);
  return proxy;
};
const methods = (proxy: AnyProxy): AnyMethods => proxy as unknown as AnyMethods;

/** A connection to Redis beside those of the manager. */
function outside(): AsyncDisposable & { client: Redis } {
  const client = new Redis(options.redis as string);
  return { client, [Symbol.asyncDispose]: async () => client.disconnect() };
}

export interface DriveOptions {
  calls: number;
  /** Calls made at once. */
  batch: number;
  /** Milliseconds from one batch to the next. */
  every: number;
  /** Where not the injected counter. */
  key?: number;
}

export interface DriveReport {
  acknowledged: number;
  /** Failed calls by fate; '' for errors that have none. */
  failed: Record<string, number>;
  /** Some of the errors, for the test's message. */
  errors: string[];
  /** Milliseconds of the call that took longest. */
  slowest: number;
}

export interface RaceOptions {
  /** For the constructor, after the name. */
  args?: unknown[];
  /** Only at this server. */
  server?: string;
}

export interface RaceReport {
  /** The objects that the racers got, by name. */
  tokens: Record<string, ObjectToken[]>;
  /** What they said. */
  answers: Record<string, unknown[]>;
  errors: ErrorReport[];
}

const commands = {
  async create(typeid: string, ...args: unknown[]): Promise<number> {
    return keep(await manager.create(typeid, ...args));
  },

  async createAt(server: string, typeid: string, ...args: unknown[]): Promise<number> {
    return keep(await manager.at(server).create(typeid, ...args));
  },

  async get(typeid: string, name: string, ...args: unknown[]): Promise<number> {
    return keep(await manager.get(typeid, name, ...args));
  },

  /** By the creator of a built-in type. */
  async built(creator: 'sharedMemory' | 'shareableList', ...args: unknown[]): Promise<number> {
    const create = manager[creator] as unknown as (...args: unknown[]) => Promise<unknown>;
    return keep(await create.apply(manager, args));
  },

  /** The same, under a name. */
  async builtNamed(name: string, creator: 'sharedMemory' | 'shareableList', ...args: unknown[]): Promise<number> {
    const named = manager.named(name);
    const create = named[creator] as unknown as (...args: unknown[]) => Promise<unknown>;
    return keep(await create.apply(named, args));
  },

  /** A proxy at once, with the options of `named`. */
  lazy(typeid: string, name: string, given: { keep?: KeepOption; rebind?: boolean }, ...args: unknown[]): number {
    return keep(manager.named(name, given).lazy(typeid, ...args));
  },

  async call(key: number, method: string, ...args: unknown[]): Promise<unknown> {
    return methods(found(key))[method]?.(...args);
  },

  /** A call with these proxies as arguments. */
  async pass(key: number, method: string, keys: number[]): Promise<unknown> {
    return methods(found(key))[method]?.(...keys.map(found));
  },

  /** A call that answers with a proxy, or an array of them. */
  async fetch(key: number, method: string, ...args: unknown[]): Promise<number> {
    return keep(await methods(found(key))[method]?.(...args));
  },

  async fetchAll(key: number, method: string, ...args: unknown[]): Promise<number[]> {
    const proxies = (await methods(found(key))[method]?.(...args)) as unknown[] | undefined;
    return (proxies ?? []).map(keep);
  },

  ticket: (key: number, given?: TicketOptions): Promise<string> => manager.ticket(found(key), given),

  async redeem(ticket: string): Promise<number> {
    return keep(await manager.redeem(ticket));
  },

  /** Puts a ticket at the end of a list in Redis, as a queue of jobs would. */
  async offer(list: string, key: number, given?: TicketOptions): Promise<void> {
    await using redis = outside();
    await redis.client.rpush(list, await manager.ticket(found(key), given));
  },

  /** Takes a ticket off that list, and its time to redeem it. */
  async accept(list: string, ms: number): Promise<number> {
    await using redis = outside();
    const [, ticket] = (await redis.client.blpop(list, 5)) ?? [];
    if (ticket === undefined) throw new Error(`Nothing came to ${list}`);
    await sleep(ms);
    return keep(await manager.redeem(ticket));
  },

  /** A call with a timeout, perhaps of a method that the proxy does not show: around its shape, as an old client would. */
  async callWithin(key: number, timeout: number, method: string, ...args: unknown[]): Promise<unknown> {
    return methods(manager.with(found(key), { timeout }))[method]?.(...args);
  },

  /** Whether a proxy shows a method of that name. */
  has(key: number, method: string): boolean {
    return typeof methods(found(key))[method] === 'function';
  },

  async takeFunction(key: number): Promise<unknown> {
    return methods(found(key))['take']?.({ deep: [() => undefined] });
  },

  async takeBytes(key: number, bytes: number): Promise<unknown> {
    return methods(found(key))['take']?.(Buffer.alloc(bytes));
  },

  token: (key: number): ObjectToken | undefined => manager.token(found(key)),

  release: (key: number): Promise<void> => manager.release(found(key)),

  /** Makes a call many times, and does not wait for the answers. */
  begin(key: number, count: number, method: string, ...args: unknown[]): void {
    const proxy = methods(found(key));
    begun.push(...Array.from({ length: count }, async () => proxy[method]?.(...args)));
    for (const answer of begun) answer.catch(() => undefined);
  },

  /** What the calls that were begun gave: how many gave what, and when the last answer came. */
  async ended(): Promise<{ answers: Record<string, number>; at: number }> {
    const answers: Record<string, number> = {};
    let at = 0;
    const settled = await Promise.allSettled(begun.splice(0).map((answer) => answer.finally(() => (at = Date.now()))));
    for (const answer of settled) {
      const what = String(answer.status === 'fulfilled' ? answer.value : answer.reason);
      answers[what] = (answers[what] ?? 0) + 1;
    }
    return { answers, at };
  },

  /** Many anonymous objects, of which the test needs no numbers. */
  async hold(typeid: string, count: number): Promise<void> {
    (await Promise.all(Array.from({ length: count }, () => manager.create(typeid)))).forEach(keep);
  },

  /** Makes objects and keeps nothing of their proxies. */
  async forget(typeid: string, count: number): Promise<void> {
    for (let i = 0; i < count; i++) await manager.create(typeid);
  },

  /** Drops a proxy and its number, unreleased. */
  drop(key: number): void {
    kept[key] = undefined;
  },

  /** Calls, drops the proxy while the call is under way, collects, and awaits the answer. */
  async collectWhileCalling(typeid: string, ms: number): Promise<unknown> {
    const answer = methods((await manager.create(typeid)) as AnyProxy)['later']?.(ms);
    for (let i = 0; i < 5; i++) {
      await sleep(20);
      globalThis.gc?.();
    }
    return answer;
  },

  collect: (): Promise<void> => Heap.collect(),
  heap: (): Promise<number> => Heap.used(),

  /** Asks `times` times for one of `names`, all at once, as soon as the clock says `at`. */
  async race(
    typeid: string,
    names: string[],
    times: number,
    at: number,
    { args = [], server }: RaceOptions = {},
  ): Promise<RaceReport> {
    const creators = server === undefined ? manager : manager.at(server);
    await sleep(at - Date.now());
    const report: RaceReport = { tokens: {}, answers: {}, errors: [] };
    await Promise.all(
      Array.from({ length: times }, async (_, turn) => {
        const name = names[turn % names.length] as string;
        try {
          const proxy = (await creators.get(typeid, name, name, ...args)) as AnyProxy;
          (report.tokens[name] ??= []).push(manager.token(proxy) as ObjectToken);
          (report.answers[name] ??= []).push(await methods(proxy)['name']?.());
          await manager.release(proxy);
        } catch (error) {
          report.errors.push(reportError(error));
        }
      }),
    );
    return report;
  },

  /** Counts up, batch by batch, and says what became of the calls. */
  async drive({ calls, batch, every, key = 0 }: DriveOptions): Promise<DriveReport> {
    const target = methods(found(key));
    const report: DriveReport = { acknowledged: 0, failed: {}, errors: [], slowest: 0 };
    const one = async (): Promise<void> => {
      const since = performance.now();
      try {
        await target['increment']?.();
        report.acknowledged++;
      } catch (error) {
        const fate = (error instanceof ManagerError && error.fate) || '';
        report.failed[fate] = (report.failed[fate] ?? 0) + 1;
        if (report.errors.length < 3) report.errors.push(String(error));
      }
      report.slowest = Math.max(report.slowest, performance.now() - since);
    };
    const under: Promise<void>[] = [];
    for (let made = 0; made < calls; made += batch) {
      for (let i = 0; i < Math.min(batch, calls - made); i++) under.push(one());
      await sleep(every);
    }
    await Promise.all(under);
    return report;
  },

  unlink: (typeid: string, name: string): Promise<boolean> => manager.unlink(typeid, name),
  numberOfObjects: (): Promise<number> => manager.numberOfObjects(),
  debugInfo: (): Promise<DebugInfo> => manager.debugInfo(),
  ping: (): Promise<number> => manager.ping(),
  close: (): Promise<void> => app.close(),
};
export type ApplicationCommands = typeof commands;
serve(commands);
