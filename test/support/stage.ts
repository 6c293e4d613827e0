import type { ApplicationCommands } from '../workers/application.js';
import type { ChurnerCommands, ChurnerOptions } from '../workers/churner.js';
import type { ContenderCommands } from '../workers/contender.js';
import type { OwnerCommands } from '../workers/owner.js';
import type { ApplicationOptions, ServerOptions } from '../workers/protocol.js';
import type { ServerCommands } from '../workers/server.js';
import type { RedisServer } from './redis-server.js';
import { Worker } from './worker.js';

/** Of every server in these tests, in ms. */
export const LEASE = 3000;
/** How often a lease of this length is renewed. */
export const BEAT = LEASE / 6;

export type ServerWorker = Worker<ServerCommands>;
export type ApplicationWorker = Worker<ApplicationCommands>;
export type ChurnerWorker = Worker<ChurnerCommands>;
export type OwnerWorker = Worker<OwnerCommands>;
export type ContenderWorker = Worker<ContenderCommands>;

let stages = 0;

/** The processes of one test, in a namespace of their own. `close` ends those that are left. */
export class Stage {
  readonly redis: RedisServer;
  readonly namespace: string;
  readonly #workers: Worker<never>[] = [];
  #applications = 0;

  constructor(redis: RedisServer) {
    this.redis = redis;
    this.namespace = `stage${++stages}`;
  }

  /** A server process that is on its way: it may have to wait for its name. */
  launchServer(options: Partial<ServerOptions> = {}, execArgv: string[] = []): ServerWorker {
    const { redis, namespace } = this;
    const given: ServerOptions = { redis: redis.url, namespace, name: 'default', lease: LEASE, ...options };
    return this.#add(new Worker<ServerCommands>(`server ${given.name}`, 'server', given, execArgv));
  }

  /** A server that listens. */
  async server(options: Partial<ServerOptions> = {}, execArgv: string[] = []): Promise<ServerWorker> {
    const server = this.launchServer(options, execArgv);
    await server.ready;
    return server;
  }

  async application(options: Partial<ApplicationOptions> = {}, execArgv: string[] = []): Promise<ApplicationWorker> {
    const { redis, namespace } = this;
    const application = options.application ?? `application-${++this.#applications}`;
    const given: ApplicationOptions = { redis: redis.url, namespace, application, timeout: 10_000, ...options };
    const worker = this.#add(new Worker<ApplicationCommands>(application, 'application', given, execArgv));
    await worker.ready;
    return worker;
  }

  /** An application that does things with references at random. */
  async churner(options: Omit<ChurnerOptions, 'redis' | 'namespace' | 'application'>): Promise<ChurnerWorker> {
    const { redis, namespace } = this;
    const application = `churner-${++this.#applications}`;
    const given: ChurnerOptions = { redis: redis.url, namespace, application, timeout: 10_000, ...options };
    const worker = this.#add(new Worker<ChurnerCommands>(application, 'churner', given, ['--expose-gc']));
    await worker.ready;
    return worker;
  }

  /** An application that owns locks and the like. */
  async owner(application: string): Promise<OwnerWorker> {
    const { redis, namespace } = this;
    const given: ApplicationOptions = { redis: redis.url, namespace, application, timeout: 10_000 };
    const worker = this.#add(new Worker<OwnerCommands>(application, 'owner', given));
    await worker.ready;
    return worker;
  }

  /** Applications that all want the same at once. */
  async contenders(count: number): Promise<ContenderWorker[]> {
    const { redis, namespace } = this;
    const workers = Array.from({ length: count }, (_, index) => {
      const application = `contender-${index}`;
      const given: ApplicationOptions = { redis: redis.url, namespace, application, timeout: 10_000 };
      return this.#add(new Worker<ContenderCommands>(application, 'contender', given));
    });
    await Promise.all(workers.map(({ ready }) => ready));
    return workers;
  }

  applications(count: number, options: Partial<ApplicationOptions> = {}): Promise<ApplicationWorker[]> {
    return Promise.all(Array.from({ length: count }, () => this.application(options)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()));
  }

  #add<W extends Worker<never>>(worker: W): W {
    this.#workers.push(worker);
    return worker;
  }
}
