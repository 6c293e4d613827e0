// An application that does at random, by a seed, whatever an application can do with references: for the soak.
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import {
  EncodingError,
  getManagerToken,
  ManagerModule,
  type AnyProxy,
  type Manager,
  type SharedProxy,
} from 'nestjs-manager';
import { Atlas, Shelf, Source, Spot, Treasure } from './containers.js';
import { Heap } from './heap.js';
import { serve, workerOptions, type ApplicationOptions } from './protocol.js';
import { Random } from './random.js';
import { Family } from './types.js';

export interface ChurnerOptions extends ApplicationOptions {
  seed: number;
  /** Servers: the first holds whatever there is, the others only leaves of it. */
  servers: string[];
  /** List of tickets in Redis that all churners take from. */
  market: string;
  /** Only these things are done, and what gives back. */
  only?: string[];
}

export interface ChurnReport {
  /** How often each thing was done. */
  done: Record<string, number>;
  /** What went wrong as it may, by the error's name. */
  refused: Record<string, number>;
  /** What must not happen. */
  errors: string[];
}

/** Things that are done at once. */
const LANES = 6;
/** References that are held at most; beyond that they are given back first. */
const POOL = 40;
/** Tickets that are over and that a server still knows. */
const REMEMBERED = 10_000;
/** Names that all churners share. */
const NAMES = 4;

const { seed, servers, market, only, ...options } = workerOptions<ChurnerOptions>();

@Module({ imports: [ManagerModule.forRoot(options)] })
class ChurnerModule {}

const app = await NestFactory.createApplicationContext(ChurnerModule, { logger: false });
const manager = app.get<Manager>(getManagerToken());
const redis = new Redis(options.redis as string);
const random = new Random(seed);

/** Typeids. */
type Kind = 'Treasure' | 'Shelf' | 'Atlas' | 'Spot' | 'Source';
interface Held {
  readonly proxy: AnyProxy;
  readonly kind: Kind;
}

/** What is held here. */
let pool: Held[] = [];
let running = false;
let closing = false;
let lanes: Promise<void>[] = [];
let report: ChurnReport = { done: {}, refused: {}, errors: [] };

/** Errors that churn brings about by itself: tickets that ran out, what another lane released, what was given up. */
const EXPECTED = new Set(['TicketInvalidError', 'ProxyReleasedError', 'CallAbortedError']);

const add = (proxy: AnyProxy | undefined): void => {
  const typeid = proxy && manager.token(proxy)?.typeid;
  if (proxy && typeid !== undefined) pool.push({ proxy, kind: typeid as Kind });
};
const isLeaf = ({ kind }: Held): boolean => kind === 'Treasure' || kind === 'Source';
const serverOf = ({ proxy }: Held): string | undefined => manager.token(proxy)?.server;
/** Circles that go through two servers end only with a server, so whatever holds others stays with the first. */
const mayHold = (container: Held, item: Held): boolean => isLeaf(item) || serverOf(item) === serverOf(container);

function pick(...kinds: Kind[]): Held | undefined {
  return random.pick(kinds.length === 0 ? pool : pool.filter(({ kind }) => kinds.includes(kind)));
}

function remove(): Held | undefined {
  return pool.splice(random.below(pool.length), 1)[0];
}

/** Of what came: some is held, some given back, some left to the collector. */
function receive(proxies: readonly (AnyProxy | undefined)[]): void {
  for (const proxy of proxies) {
    const fate = random.below(4);
    if (fate < 2) add(proxy);
    else if (fate === 2 && proxy) void manager.release(proxy);
  }
}

const actions: Record<string, () => Promise<void>> = {
  async create() {
    const kind = random.pick(['Treasure', 'Treasure', 'Shelf', 'Atlas', 'Spot', 'Source'] as const) as Kind;
    const server = random.pick(servers) as string;
    add(await manager.at(server).create<object>(kind, kind));
  },

  async createAnywhere() {
    add(await manager.create(Treasure, 'anywhere'));
  },

  async call() {
    const held = pick();
    if (held?.kind === 'Treasure') await (held.proxy as SharedProxy<Treasure>).label();
    if (held?.kind === 'Shelf') await (held.proxy as SharedProxy<Shelf>).length();
    if (held?.kind === 'Atlas') await (held.proxy as SharedProxy<Atlas>).keys();
    if (held?.kind === 'Spot') await (held.proxy as SharedProxy<Spot>).visit(2);
  },

  async put() {
    const [container, item] = [pick('Shelf', 'Atlas', 'Spot'), pick()];
    if (!container || !item || !mayHold(container, item)) return;
    await put(container, item);
  },

  async takeOut() {
    const container = pick('Shelf', 'Atlas', 'Spot');
    if (container?.kind === 'Shelf') receive([await (container.proxy as SharedProxy<Shelf>).pop()]);
    if (container?.kind === 'Spot') receive([await (container.proxy as SharedProxy<Spot>).unlink()]);
    if (container?.kind === 'Atlas') {
      const atlas = container.proxy as SharedProxy<Atlas>;
      receive([await atlas.get(key())]);
      await atlas.delete(key());
    }
  },

  async look() {
    const shelf = pick('Shelf')?.proxy as SharedProxy<Shelf> | undefined;
    receive((await shelf?.all()) ?? []);
  },

  async empty() {
    const shelf = pick('Shelf')?.proxy as SharedProxy<Shelf> | undefined;
    if (random.below(2) === 0) await shelf?.clear();
    else await shelf?.lose();
  },

  async part() {
    const treasure = pick('Treasure')?.proxy as SharedProxy<Treasure> | undefined;
    receive([await treasure?.part('part'), await treasure?.itself()]);
  },

  /** To the end, or to somewhere; some are left where they are, for the collector. */
  async iterate() {
    const source = pick('Source')?.proxy as SharedProxy<Source> | undefined;
    if (!source) return;
    const upTo = random.below(30);
    if (random.below(2) === 0) for await (const number of await source.numbers(20)) if (number === upTo) break;
    const treasures = await source.treasures(20, random.below(5));
    if (random.below(3) === 0) {
      receive([(await treasures.next()).value as AnyProxy | undefined]);
      return;
    }
    let met = 0;
    for await (const treasure of treasures) {
      receive([treasure]);
      if (++met > upTo) break;
    }
  },

  /** Two or more that hold each other in a circle, and that nobody else holds then. */
  async circle() {
    const kind = random.pick(['Atlas', 'Spot', 'Shelf'] as const) as Kind;
    const at = manager.at(random.pick(servers) as string);
    const count = 1 + random.below(4);
    const made: Held[] = [];
    for (let i = 0; i < count; i++) {
      made.push({ proxy: await at.create<object>(kind, 'circle'), kind });
    }
    for (let i = 0; i < count; i++) await put(made[i] as Held, made[(i + 1) % count] as Held);
    if (random.below(2) === 0) for (const { proxy } of made) void manager.release(proxy);
  },

  async offer() {
    const held = pick();
    if (!held) return;
    const ticket = await manager.ticket(held.proxy, { ttl: 500 + random.below(1500), uses: 1 + random.below(3) });
    // Some are never offered, and run out.
    if (random.below(5) > 0) await redis.rpush(market, ticket);
  },

  async accept() {
    const ticket = await redis.lpop(market);
    if (ticket !== null) add(await manager.redeem(ticket));
  },

  async referenced() {
    const name = `referenced ${random.below(NAMES)}`;
    add(await manager.named(name, { keep: 'referenced' }).create(Shelf, name));
  },

  async lazy() {
    const name = `lazy ${random.below(NAMES)}`;
    const treasure = manager.named(name, { keep: 'referenced' }).lazy(Treasure, name);
    if (random.below(3) > 0) await treasure.label();
    if (random.below(3) > 0) await manager.release(treasure);
  },

  async always() {
    const name = `always ${random.below(NAMES)}`;
    const shelf = await manager.get(Shelf, name, name);
    const item = pick('Treasure');
    if (item) await shelf.push(item.proxy as SharedProxy<object>);
    if ((await shelf.length()) > 10) await shelf.clear();
    await manager.release(shelf);
  },

  async unlink() {
    await manager.unlink(Shelf, `always ${random.below(NAMES)}`);
  },

  /** Hosted code that makes, calls and releases objects of its own. */
  async family() {
    await using family = await manager.create<Family>('Family', 1 + random.below(3));
    await family.describe();
  },

  /** An answer that nobody waits for any more, with references in it. */
  async abandon() {
    const abort = new AbortController();
    const { signal } = abort;
    const shelf = pick('Shelf')?.proxy as SharedProxy<Shelf> | undefined;
    const treasure = pick('Treasure')?.proxy as SharedProxy<Treasure> | undefined;
    const all = shelf ? manager.with(shelf, { signal }).all() : Promise.resolve([]);
    const part = treasure ? manager.with(treasure, { signal }).part('late') : Promise.resolve(undefined);
    const outcomes = Promise.allSettled<AnyProxy | AnyProxy[] | undefined>([all, part]);
    if (random.below(2) === 0) await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    for (const outcome of await outcomes) {
      if (outcome.status === 'fulfilled') receive([outcome.value ?? []].flat());
      else failed(outcome.reason);
    }
  },

  async failing() {
    const treasure = pick('Treasure');
    const answer: Promise<unknown> = manager.create('Shelf', 'failing', treasure?.proxy, () => undefined);
    await answer.catch((error: unknown) => {
      if (!(error instanceof EncodingError)) throw error;
    });
  },

  async dup() {
    const held = pick();
    if (held) pool.push({ ...held, proxy: manager.dup(held.proxy) });
  },

  async release() {
    const held = remove();
    if (held) await manager.release(held.proxy);
  },

  async forget() {
    remove();
  },

  async collect() {
    if (random.below(10) === 0) globalThis.gc?.();
  },
};

const key = (): string => `key ${random.below(5)}`;

async function put({ kind, proxy }: Held, item: Held): Promise<void> {
  const given = item.proxy as SharedProxy<object>;
  if (kind === 'Shelf') await (proxy as SharedProxy<Shelf>).push(given);
  if (kind === 'Atlas') await (proxy as SharedProxy<Atlas>).set(key(), given);
  if (kind === 'Spot' && item.kind === 'Spot') await (proxy as SharedProxy<Spot>).link(given as SharedProxy<Spot>);
}

/** However little is done, things come and go. */
const ALWAYS = ['create', 'release', 'forget', 'collect'];
const names = Object.keys(actions).filter((name) => !only || ALWAYS.includes(name) || only.includes(name));

function failed(error: unknown): void {
  const name = error instanceof Error ? error.name : typeof error;
  if (EXPECTED.has(name) || closing) report.refused[name] = (report.refused[name] ?? 0) + 1;
  else if (report.errors.length < 10) report.errors.push(error instanceof Error ? `${error.stack}` : String(error));
}

async function lane(): Promise<void> {
  while (running) {
    const name = pool.length > POOL ? (random.pick(['release', 'forget']) as string) : (random.pick(names) as string);
    try {
      await actions[name]?.();
      report.done[name] = (report.done[name] ?? 0) + 1;
    } catch (error) {
      failed(error);
    }
    await sleep(random.below(4));
  }
}

async function stop(): Promise<void> {
  running = false;
  await Promise.all(lanes);
}

/** What was done since it was last asked. */
function taken(): ChurnReport {
  const made = report;
  report = { done: {}, refused: {}, errors: [] };
  return made;
}

const commands = {
  churn(): void {
    running = true;
    lanes = Array.from({ length: LANES }, lane);
  },

  /** Ends what it does and gives back what it holds: half by release, half by the collector. */
  async rest(): Promise<ChurnReport> {
    await stop();
    for (const { proxy } of pool) if (random.below(2) === 0) await manager.release(proxy);
    pool = [];
    return taken();
  },

  collect: () => Heap.collect(),
  heap: () => Heap.used(),
  debugInfo: () => manager.debugInfo(),

  /** The names that keep their objects for ever. */
  async unlink(): Promise<void> {
    for (let i = 0; i < NAMES; i++) await manager.unlink(Shelf, `always ${i}`);
    await manager.unlink('Counter', 'children of all families');
  },

  /** Has the servers connect to each other, and remember as much as they ever do: an object of each in one of each other. */
  async acquaint(): Promise<void> {
    for (const at of servers) {
      await using shelf = await manager.at(at).create(Shelf, 'acquainted');
      for (const of of servers) {
        await using treasure = await manager.at(of).create(Treasure, 'acquainted');
        await shelf.push(treasure);
      }
      await shelf.labels();
      for (let made = 0; made < REMEMBERED; made += 1000) {
        await Promise.all(Array.from({ length: 1000 }, () => manager.ticket(shelf, { ttl: 1 })));
      }
    }
  },

  /** In order, but in the midst of everything. */
  async close(): Promise<ChurnReport> {
    closing = true;
    await app.close();
    await stop();
    redis.disconnect();
    return taken();
  },
};
export type ChurnerCommands = typeof commands;
serve(commands);
