// A Nest application that owns locks and the like, in tasks that the test names.
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  getManagerToken,
  ManagerModule,
  type AnyProxy,
  type Lock,
  type Manager,
  type SharedProxy,
} from 'nestjs-manager';
import { ReportingLogger } from './logger.js';
import { reportError, serve, workerOptions, type ApplicationOptions, type ErrorReport } from './protocol.js';
import { Tasks } from './tasks.js';
import { Caller, Vault } from './types.js';

const options = workerOptions<ApplicationOptions>();

@Module({ imports: [ManagerModule.forRoot(options)] })
class OwnerModule {}

const app = await NestFactory.createApplicationContext(OwnerModule, { logger: new ReportingLogger() });
const manager = app.get<Manager>(getManagerToken());
const tasks = new Tasks(manager);

export type Kind =
  'barrier' | 'condition' | 'dict' | 'event' | 'list' | 'lock' | 'queue' | 'rlock' | 'semaphore' | 'value';
type AnyMethods = Record<string, (...args: unknown[]) => Promise<unknown>>;

/** By the name of the object. */
const proxies = new Map<string, AnyProxy>();
function found<P extends AnyProxy>(name: string): P {
  const proxy = proxies.get(name);
  if (!proxy) throw new Error(`No proxy of ${name} is kept here`);
  return proxy as P;
}

export interface GuardReport {
  /** Of the hold. */
  fence: bigint;
  /** What happened, in its order, each with the time of this machine. */
  notes: { what: 'called' | 'lost'; at: number }[];
  /** The fence; what the lock says of it to the first call after it was lost. */
  fenceThen: bigint | undefined;
  /** What `runExclusive` failed with. */
  error: ErrorReport | undefined;
}

interface Guard {
  readonly report: GuardReport;
  stop: boolean;
  readonly over: Promise<void>;
}
const guards = new Map<string, Guard>();

const commands = {
  /** Finds or makes an object of a built-in type; `of` names the objects that its constructor takes. */
  async open(kind: Kind, name: string, args: unknown[] = [], of: string[] = []): Promise<void> {
    const creators = manager.named(name) as unknown as Record<Kind, (...args: unknown[]) => Promise<AnyProxy>>;
    proxies.set(name, await creators[kind](...of.map(found), ...args));
  },

  /** A call in a task; outside of any where none is given. */
  async call(task: string | undefined, name: string, method: string, ...args: unknown[]): Promise<unknown> {
    return tasks.run(task, () => found<AnyProxy & AnyMethods>(name)[method]?.(...args));
  },

  /**
   * Holds a lock and writes to a vault under its fence, every other millisecond, until the lock is lost or `unguard` says
   * so. Answers once it holds it.
   */
  async guard(lock: string, vault: string): Promise<bigint> {
    const guarded = found<SharedProxy<Lock>>(lock);
    const target = await manager.get(Vault, vault);
    return new Promise((resolve, reject) => {
      const report: GuardReport = { fence: 0n, notes: [], fenceThen: undefined, error: undefined };
      let asked: Promise<bigint | undefined> | undefined;
      const note = (what: 'called' | 'lost'): void => void report.notes.push({ what, at: Date.now() });
      const guard: Guard = {
        report,
        stop: false,
        over: guarded
          .runExclusive(async ({ fence, signal }) => {
            report.fence = report.fenceThen = fence;
            signal.addEventListener('abort', () => {
              note('lost');
              asked = guarded.fence().catch(() => undefined);
            });
            resolve(fence);
            while (!guard.stop) {
              target.write(options.application, fence).catch(() => undefined);
              // After the call was made, and before it leaves.
              note('called');
              if (signal.aborted) break;
              await sleep(2);
            }
            if (asked) report.fenceThen = await asked;
          })
          .catch((error: unknown) => {
            report.error = reportError(error);
            reject(error as Error);
          }),
      };
      guards.set(lock, guard);
    });
  },

  /** Ends the guard and says how it went. */
  async unguard(lock: string): Promise<GuardReport> {
    const guard = guards.get(lock);
    if (!guard) throw new Error(`There is no guard of ${lock}`);
    guard.stop = true;
    await guard.over;
    return guard.report;
  },

  /** What was written to a vault. */
  writes: async (vault: string) => (await manager.get(Vault, vault)).all(),

  /** What the census says of an object. */
  async state(name: string): Promise<Record<string, unknown>> {
    const { servers } = await manager.debugInfo();
    const id = manager.token(found(name))?.id;
    return servers.flatMap(({ objects }) => objects).find((object) => object.id === id)?.state ?? {};
  },

  /** The session of this application. */
  async session(): Promise<string> {
    await using caller = await manager.create(Caller);
    return (await caller.who()).session;
  },
};
export type OwnerCommands = typeof commands;
serve(commands);
