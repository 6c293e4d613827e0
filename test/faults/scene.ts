import { Worker } from '../support/worker.js';
import { startRedis, type RedisServer, type RedisServerOptions } from '../support/redis-server.js';
import { openMedium, type Medium, type MediumName } from './medium.js';
import type { Way } from './way.js';
import type { ActorCommands } from './workers/src/actor.js';
import type { LeaverCommands } from './workers/src/leaver.js';
import type { ArenaOptions, FaultyServerOptions } from './workers/src/options.js';
import type { FaultyServerCommands } from './workers/src/server.js';

/** Of every server in these scenarios, in ms. */
export const LEASE = 2000;
export const BEAT = LEASE / 6;
/** Ms in which what somebody had who died is given back: a lease, a second, and another one for a busy machine. */
export const GIVEN_BACK = LEASE + 2000;
/** Ms after which a silent connection is given up. */
export const PATIENCE = 500;
const PROGRAMS = '../../faults/workers/dist';

export type Actor = Worker<ActorCommands>;
export type Host = Worker<FaultyServerCommands>;
export type Leaver = Worker<LeaverCommands>;
type Given<O> = Partial<O>;

let scenes = 0;

export interface SceneOptions extends RedisServerOptions {
  /** @default Redis */
  over?: MediumName;
}

/** The medium and the processes of one scenario. */
export class Scene implements AsyncDisposable {
  readonly medium: Medium;
  readonly namespace = `scene${++scenes}`;
  readonly #workers: Worker<never>[] = [];
  readonly #ways: Way[] = [];
  readonly #servers: RedisServer[] = [];
  #actors = 0;

  private constructor(medium: Medium) {
    this.medium = medium;
  }

  static async open({ over = 'Redis', ...options }: SceneOptions = {}): Promise<Scene> {
    return new Scene(await openMedium(over, options));
  }

  /** @throws where the medium is a socket. */
  get redis(): RedisServer {
    return this.medium.redis;
  }

  /** Another Redis, beside the medium. */
  async another(options?: RedisServerOptions): Promise<RedisServer> {
    const server = await startRedis(options);
    this.#servers.push(server);
    return server;
  }

  async way(): Promise<Way> {
    const way = await this.medium.way();
    this.#ways.push(way);
    return way;
  }

  /** A server that is on its way. */
  launch(given: Given<FaultyServerOptions> = {}): Host {
    const options: FaultyServerOptions = {
      ...this.#common(`server-${given.name ?? 'default'}`),
      name: 'default',
      lease: LEASE,
    };
    return this.#add(new Worker(options.by, `${PROGRAMS}/server`, { ...options, ...given }));
  }

  async host(given: Given<FaultyServerOptions> = {}): Promise<Host> {
    for (let starts = 1; ; starts++) {
      const host = this.launch(given);
      try {
        await host.ready;
        return host;
      } catch (error) {
        // Nothing is wrong yet, but on a busy machine the medium may seem silent: a supervisor starts it again.
        if (host.running || starts === 5) throw error;
      }
    }
  }

  async actor(given: Given<ArenaOptions> = {}): Promise<Actor> {
    const options = { ...this.#common(`actor-${++this.#actors}`), ...given };
    const actor: Actor = this.#add(new Worker(options.by, `${PROGRAMS}/actor`, options));
    await actor.ready;
    return actor;
  }

  actors(count: number, given: Given<ArenaOptions> = {}): Promise<Actor[]> {
    return Promise.all(Array.from({ length: count }, () => this.actor(given)));
  }

  async leaver(): Promise<Leaver> {
    const options = this.#common(`leaver-${++this.#actors}`);
    const leaver: Leaver = this.#add(new Worker(options.by, `${PROGRAMS}/leaver`, options));
    await leaver.ready;
    return leaver;
  }

  /** Ends all, and rejects where anything broke that no fault may break: in any process, at any time. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()));
    await Promise.all(this.#ways.map((way) => way.close()));
    await Promise.all([this.medium.stop(), ...this.#servers.map((server) => server.stop())]);
    const troubles = this.#workers.flatMap(({ name, logs }) =>
      logs.filter(({ level }) => level === 'trouble').map(({ text }) => `${name}: ${text}`),
    );
    if (troubles.length > 0) throw new Error(`Something broke that may not:\n${troubles.join('\n')}`);
  }

  #common(by: string): ArenaOptions {
    return { at: this.medium.at, namespace: this.namespace, patience: PATIENCE, by };
  }

  #add<W extends Worker<never>>(worker: W): W {
    this.#workers.push(worker);
    return worker;
  }
}
