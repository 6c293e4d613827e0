import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { Worker } from '../support/worker.js';
import { openMedium, type Medium, type MediumName } from './medium.js';
import type { Way } from './way.js';
import { now, type Event } from './workers/src/history.js';
import type { ArenaOptions, FaultyServerOptions, PlayerOptions } from './workers/src/options.js';
import type { PlayerCommands } from './workers/src/player.js';
import type { FaultyServerCommands } from './workers/src/server.js';

const PROGRAMS = '../../faults/workers/dist';
/** Ms in which a process comes up, whoever had its name. */
const START = 30_000;

export interface ArenaPlan {
  seed: number;
  over: MediumName;
  lease: number;
  /** Over a socket there is one: an address is one server's. */
  servers: readonly string[];
  players: number;
  authkey?: string | undefined;
}

/** A process and its way to the medium. Restarted, it is another life of the same. */
export interface Slot<W> {
  readonly name: string;
  /** Undefined where nothing happens on it, and of a server that is the medium itself. */
  readonly way: Way | undefined;
  worker: W;
  /** Its name in the history: one for each life. */
  by: string;
}

export type ServerSlot = Slot<Worker<FaultyServerCommands>>;
export type PlayerSlot = Slot<Worker<PlayerCommands>>;

/** Applications, servers, their medium and their ways to it: where the faults happen, and the history is kept. */
export class Arena {
  readonly plan: ArenaPlan;
  readonly medium: Medium;
  readonly vault: RedisServer;
  readonly servers: ServerSlot[] = [];
  readonly players: PlayerSlot[] = [];
  /** What this process saw or did. */
  readonly #events: Event[] = [];
  readonly #folder: string;
  readonly #ways: Way[] = [];
  readonly #workers: Worker<never>[] = [];
  #lives = 0;

  private constructor(plan: ArenaPlan, medium: Medium, vault: RedisServer, folder: string) {
    this.plan = plan;
    this.medium = medium;
    this.vault = vault;
    this.#folder = folder;
  }

  static async open(plan: ArenaPlan): Promise<Arena> {
    const [medium, vault] = await Promise.all([openMedium(plan.over, { appendonly: true }), startRedis()]);
    const folder = await mkdtemp(join(tmpdir(), 'manager-faults-'));
    const arena = new Arena(plan, medium, vault, folder);
    for (const name of plan.servers) {
      const way = plan.over === 'Redis' ? await arena.#way() : undefined;
      arena.servers.push(await arena.#slot(name, way, (slot) => arena.startServer(slot)));
    }
    for (let number = 1; number <= plan.players; number++) {
      const way = await arena.#way();
      arena.players.push(await arena.#slot(`player-${number}`, way, (slot) => arena.startPlayer(slot)));
    }
    return arena;
  }

  /** Ends whatever is left. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()));
    await Promise.all(this.#ways.map((way) => way.close()));
    await Promise.all([this.medium.stop(), this.vault.stop()]);
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** A new life of a server, which listens; one that could not start is started again, as a supervisor would. */
  async startServer(slot: ServerSlot, within = START): Promise<void> {
    const until = performance.now() + within;
    for (;;) {
      const worker = this.launchServer(slot);
      const late = sleep(until - performance.now(), undefined, { ref: false }).then(() => {
        throw new Error(`The server "${slot.name}" did not come up in ${within} ms.`);
      });
      try {
        await Promise.race([worker.ready, late]);
        slot.worker = worker;
        return;
      } catch (error) {
        if (worker.running || performance.now() > until) throw error;
        await sleep(200);
      }
    }
  }

  launchServer(slot: ServerSlot): ServerSlot['worker'] {
    const { lease } = this.plan;
    slot.by = `${slot.name}.${++this.#lives}`;
    const options: FaultyServerOptions = { ...this.#options(slot), name: slot.name, lease };
    const timers = new URL('../workers/dist/timers.js', import.meta.url).href;
    return this.#add(new Worker(slot.by, `${PROGRAMS}/server`, options, ['--import', timers]));
  }

  async startPlayer(slot: PlayerSlot): Promise<void> {
    slot.by = `${slot.name}.${++this.#lives}`;
    const seed = this.plan.seed * 1000 + this.#lives;
    const servers = [...this.plan.servers];
    const options: PlayerOptions = { ...this.#options(slot), seed, servers, vault: this.vault.url };
    const worker: PlayerSlot['worker'] = this.#add(new Worker(slot.by, `${PROGRAMS}/player`, options));
    slot.worker = worker;
    await worker.ready;
    // At its first connection a refusal of Redis counts as a wrong configuration, and so it should.
    await until(
      () => worker.ask('status'),
      (status) => status === 'connected',
      { within: START, what: `A connection of ${slot.by}` },
    );
  }

  /** A process that was killed says nothing of it itself. */
  async kill(slot: Slot<Worker<never>>): Promise<void> {
    const { by, worker } = slot;
    await worker.kill();
    this.#events.push({ kind: 'over', how: 'killed', by, at: now() });
  }

  /** What lies between a process and the others: of a server that is the medium, the ways of all applications. */
  waysOf({ way }: Slot<unknown>): Way[] {
    return way ? [way] : this.ways;
  }

  /** Those on which something may happen. */
  get ways(): Way[] {
    return [...this.players, ...this.servers].flatMap(({ way }) => way ?? []);
  }

  /** Another process beside those that take part, to which nothing happens. */
  async observer(): Promise<PlayerSlot> {
    return this.#slot('observer', undefined, (slot) => this.startPlayer(slot));
  }

  fault(fault: string, on: string, phase: 'begins' | 'ends', ms: number): void {
    this.#events.push({ kind: 'fault', fault, on, phase, ms, at: now(), by: 'runner' });
  }

  trouble(text: string): void {
    this.#events.push({ kind: 'trouble', text, at: now(), by: 'runner' });
  }

  /** Runs `use` with a connection to Redis that no fault of the ways reaches. */
  async admin<R>(use: (client: Redis) => Promise<R>, password?: string): Promise<R> {
    const client = new Redis(this.medium.at, { ...(password !== undefined && { password }) });
    client.on('error', () => undefined);
    try {
      return await use(client);
    } finally {
      client.disconnect();
    }
  }

  /** Everything that happened so far. */
  async history(): Promise<Event[]> {
    const files = await readdir(this.#folder);
    const told = await Promise.all(files.map((file) => this.#toldIn(file)));
    return [...told.flat(), ...this.#events].toSorted((a, b) => a.at - b.at);
  }

  /** Sessions that were opened at a start of a server and have not ended. */
  async openSessions(by: string): Promise<string[]> {
    const open = new Map<string, string>();
    for (const event of await this.#toldIn(`${by}.jsonl`)) {
      if (event.kind === 'opened') open.set(event.session, event.application);
      else if (event.kind === 'ended') open.delete(event.session);
    }
    return [...open].map(([session, application]) => `${session} of ${application}`);
  }

  async #toldIn(file: string): Promise<Event[]> {
    const text = await readFile(join(this.#folder, file), 'utf8');
    // The last line of a process that was killed may be half a line.
    const lines = text.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Event);
  }

  #options({ by, way }: Slot<unknown>): ArenaOptions {
    const { authkey, lease } = this.plan;
    const file = join(this.#folder, `${by}.jsonl`);
    // Silence is to be noticed well within a lease.
    const at = way?.url ?? this.medium.at;
    return { at, namespace: 'arena', patience: lease / 4, by, file, ...(authkey && { authkey }) };
  }

  async #way(): Promise<Way> {
    const way = await this.medium.way();
    this.#ways.push(way);
    return way;
  }

  async #slot<W extends Worker<never>>(
    name: string,
    way: Way | undefined,
    start: (slot: Slot<W>) => Promise<void>,
  ): Promise<Slot<W>> {
    const slot = { name, way, by: name } as Slot<W>;
    await start(slot);
    return slot;
  }

  #add<W extends Worker<never>>(worker: W): W {
    this.#workers.push(worker);
    return worker;
  }
}
