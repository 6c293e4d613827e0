import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isProxy, type AnyProxy } from '../definition/index.js';
import { EncodingError, SessionExpiredError } from '../protocol/index.js';
import type { ManagerServer } from '../server/index.js';
import { failure, House, turns, type Fortune, type Line } from './house.suite.js';
import type { Manager } from './index.js';
import {
  Bag,
  idOf,
  Knower,
  Register,
  Roamer,
  stand,
  Stillborn,
  TYPES,
  type Ground,
  type Piece,
} from './references.suite.js';

/** One program. What it does follows from `dice`. */
interface Program {
  dice: number;
  steps: number;
  applications: number;
  /** Of the frames that applications write, those that are lost. */
  lost: number;
  /** Whether an application is killed, so that its lease must run out. */
  killed: boolean;
  /** Whether references are left to the garbage collector now and then. */
  dropped: boolean;
}

const { REFERENCES_RUNS, REFERENCES_STEPS, REFERENCES_SEED, REFERENCES_PROGRAM } = process.env;
const STEPS = Number(REFERENCES_STEPS ?? 250);
const RUNS = Number(REFERENCES_RUNS ?? 10);

const program: fc.Arbitrary<Program> = fc.record({
  dice: fc.integer({ min: 1, max: 2 ** 31 - 2 }),
  steps: fc.constant(STEPS),
  applications: fc.integer({ min: 1, max: 4 }),
  lost: fc.oneof(fc.constant(0), fc.constant(0.1)),
  killed: fc.integer({ max: 3 }).map((n) => n === 0),
  dropped: fc.integer({ max: 3 }).map((n) => n === 0),
});

/** Ms in which the server must come to hold what the model says: a lease may have to run out, or the collector to run. */
const PATIENCE = 5000;

type Methods = Record<string, (...args: unknown[]) => Promise<unknown>>;

function invoke(proxy: Methods, method: string, args: unknown[]): Promise<unknown> {
  return (proxy[method] as Methods[string]).apply(proxy, args);
}

/** One handle of an application, by the object that it stands for. */
interface Held {
  readonly proxy: AnyProxy;
  readonly id: number;
  readonly typeid: string;
}

interface Ticket {
  readonly text: string;
  readonly id: number;
  uses: number;
  /** By the clock of `performance`. */
  readonly expires: number;
}

class Application {
  held: Held[] = [];
  over = false;
  constructor(
    readonly name: string,
    readonly manager: Manager,
    readonly line: Line | undefined,
  ) {}
}

class Play implements Ground {
  readonly pieces: Piece[] = [];
  local!: Manager;
  readonly #program: Program;
  readonly #house = new House();
  readonly #pieceOf = new Map<number, Piece>();
  readonly #log: string[] = [];
  #server!: ManagerServer;
  #applications: Application[] = [];
  #tickets: Ticket[] = [];
  #pending = new Set<Promise<void>>();
  #joined = 0;
  #state: number;
  #noise: number;

  constructor(program: Program) {
    this.#program = program;
    this.#state = this.#noise = program.dice;
  }

  async run(): Promise<void> {
    stand(this);
    try {
      const { steps, killed, dropped } = this.#program;
      // A lease that the pauses of the collector do not use up.
      this.#server = await this.#house.server(TYPES, { lease: dropped ? 1500 : 300 });
      this.local = this.#house.manager({ local: () => this.#server.local });
      // Its beats make the inbox be read, and so the leases of others end.
      await this.local.ping();
      this.#applications = [new Application('server code', this.local, undefined)];
      while (this.#applications.length <= this.#program.applications) this.#join();
      const parts = 4;
      for (let part = 0; part < parts; part++) {
        for (let step = 0; step < steps / parts; step++) {
          await this.#step();
          if (killed && part === 1 && step === 20) this.#kill();
          else if (this.#chance() < 1 / 150) await this.#leave();
        }
        await this.#quiet();
      }
      for (const application of this.#applications) {
        for (const each of application.held.splice(0)) void application.manager.release(each.proxy);
      }
      this.#tickets = await this.#redeemAll();
      await this.#quiet();
    } catch (error) {
      throw new Error(`${(error as Error).message}\nThe last steps:\n${this.#log.slice(-40).join('\n')}`, {
        cause: error,
      });
    } finally {
      for (const { line } of this.#applications) line?.mend();
      await this.#house.close();
    }
  }

  met(id: number): void {
    if (this.#pieceOf.has(id)) return;
    const piece = this.#server.table.find(id)?.instance as Piece | undefined;
    if (!piece) throw new Error(`A proxy of #${id} turned up, which the server does not have.`);
    this.#pieceOf.set(id, piece);
    piece.ids.add(id);
  }

  #chance(): number {
    return (this.#state = (this.#state * 48_271) % 2_147_483_647) / 2_147_483_647;
  }

  /** Dice of its own: how often frames are written is no part of the program. */
  #misfortune(): number {
    return (this.#noise = (this.#noise * 48_271) % 2_147_483_647) / 2_147_483_647;
  }

  #below(n: number): number {
    return Math.floor(this.#chance() * n);
  }

  #one<T>(list: readonly T[]): T | undefined {
    return list[this.#below(list.length)];
  }

  #join(): void {
    const line = this.#house.line();
    const { lost } = this.#program;
    line.fortune = (_owner, lane): Fortune => (lane === 'frames' && this.#misfortune() < lost ? 'lost' : 'arrives');
    const manager = this.#house.manager({ transport: line, application: `app${this.#joined}`, timeout: 10_000 });
    this.#applications.push(new Application(`app${this.#joined++}`, manager, line));
  }

  #part(application: Application): void {
    application.over = true;
    application.held = [];
    this.#applications.splice(this.#applications.indexOf(application), 1);
    this.#join();
  }

  /** All run in one process, and a machine may be slow: a lease can run out without a fault. */
  #expired(application: Application, error: unknown): boolean {
    if (!(error instanceof SessionExpiredError)) return false;
    this.#log.push(`expired ${application.name}`);
    this.#part(application);
    void application.manager.close();
    return true;
  }

  #kill(): void {
    const application = this.#applications[1] as Application;
    this.#log.push(`kill ${application.name}`);
    this.#part(application);
    application.line?.cut();
    void application.manager.close();
  }

  async #leave(): Promise<void> {
    const application = this.#applications[1 + this.#below(this.#applications.length - 1)] as Application;
    this.#log.push(`close ${application.name}`);
    this.#part(application);
    await application.manager.close();
  }

  async #step(): Promise<void> {
    const application = this.#one(this.#applications) as Application;
    const step = this.#chosen(application);
    const what = this.#log.at(-1) as string;
    if (!step) return;
    const work = step.catch((error: unknown) => {
      // What a killed application hears of its calls is nobody's business any more.
      if (!application.over && !this.#expired(application, error)) {
        this.#unexpected ??= new Error(`${what}: ${(error as Error).stack}`, { cause: error });
      }
    });
    const pending = work.then(() => void this.#pending.delete(pending));
    this.#pending.add(pending);
    const dice = this.#chance();
    if (dice < 0.3) await pending;
    else if (dice < 0.5) await turns(1 + this.#below(3));
    if (this.#pending.size > 12) await Promise.all(this.#pending);
    if (this.#unexpected !== undefined) throw this.#unexpected;
  }
  #unexpected: unknown;

  #chosen(application: Application): Promise<void> | undefined {
    const { manager, held } = application;
    const dice = this.#chance();
    const log = (what: string): void => void this.#log.push(`${application.name}: ${what}`);
    if (held.length < 3 || dice < 0.12) {
      const type = this.#one([Bag, Register, Knower, Roamer, Bag]) as typeof Bag;
      const items = type === Bag ? this.#some(application) : [];
      log(`create ${type.name}(${ids(items)})`);
      return this.#receive(application, manager.create(type, ...(items.map(({ proxy }) => proxy) as never[])));
    }
    const target = this.#one(held) as Held;
    const index = held.indexOf(target);
    if (dice < 0.2 + held.length / 60) {
      held.splice(index, 1);
      if (this.#program.dropped && this.#chance() < 0.2) {
        log(`drop #${target.id}`);
        return undefined;
      }
      log(`release #${target.id}`);
      void manager.release(target.proxy);
      return undefined;
    }
    if (dice < 0.36) {
      log(`dup #${target.id}`);
      this.#hold(application, manager.dup(target.proxy));
      return undefined;
    }
    if (dice < 0.4) {
      const uses = this.#one([1, 1, 2, Infinity]) as number;
      const ttl = this.#chance() < 0.2 || uses === Infinity ? 50 : 60_000;
      log(`ticket of #${target.id}, ${uses} uses, ${ttl} ms`);
      return this.#issue(manager, target, { uses, ttl });
    }
    if (dice < 0.44) return this.#redeem(application);
    if (dice < 0.46) {
      const items = this.#some(application);
      log(`create Stillborn(${ids(items)})`);
      const made = manager.create(Stillborn, ...(items.map(({ proxy }) => proxy) as never[]));
      return this.#failing(application, made, RangeError);
    }
    return this.#call(application, target, log);
  }

  #call(application: Application, target: Held, log: (what: string) => void): Promise<void> | undefined {
    const [item] = this.#some(application, 1) as [Held];
    const bag = this.#one(application.held.filter(({ typeid }) => typeid === 'Bag'));
    const n = this.#below(6);
    const key = 'abc'[this.#below(3)] as string;
    const things = this.#some(application).map(({ proxy }) => proxy);
    const ways: Record<string, unknown[][]> = {
      Bag: [
        ['push', ...things],
        ['push', item.proxy, item.proxy],
        ['pop'],
        ['shiftLater'],
        ['at', n],
        ['all'],
        ['walk', item.proxy],
        ['walk', item.proxy],
        ['remove', n],
        ['clear'],
        ['forget', item.proxy],
        ['pushAndFail', item.proxy],
        ...(this.#program.dropped ? [['drop']] : []),
      ],
      Register: [
        ['set', key, item.proxy],
        ['set', key, item.proxy],
        ['get', key],
        ['take', key],
        ['delete', key],
      ],
      Vertex: [
        ['link', item.proxy],
        ['link', item.proxy],
        ['unlink', n],
        ['linked', n],
        ['self'],
        ['twin'],
        ['spawn', 1 + (n % 3)],
        ['odd'],
        ['breed'],
        ['waste'],
        ['wrap', n],
        ['visit', n % 3],
        ...(bag
          ? [
              ['offer', bag.proxy],
              ['relay', bag.proxy, item.proxy],
              ['fetch', bag.proxy],
              ['adopt', bag.proxy],
            ]
          : []),
      ],
    };
    const [method, ...args] = this.#one(ways[target.typeid] ?? (ways['Vertex'] as unknown[][])) as [
      string,
      ...unknown[],
    ];
    log(`#${target.id}.${method}(${args.map((arg) => (isProxy(arg) ? `#${idOf(arg)}` : String(arg))).join(', ')})`);
    const call = (proxy: AnyProxy): Promise<unknown> => invoke(proxy as unknown as Methods, method, args);
    const expected = method === 'odd' ? EncodingError : method === 'pushAndFail' ? RangeError : undefined;
    if (expected) return this.#failing(application, call(target.proxy), expected);
    if (this.#chance() > 0.1) return this.#receive(application, call(target.proxy));
    const stop = new AbortController();
    const result = call(application.manager.with(target.proxy, { signal: stop.signal }));
    const soon = this.#below(4);
    void turns(soon).then(() => stop.abort());
    return this.#receive(application, result).catch((error: Error) => {
      if (error.name !== 'CallAbortedError') throw error;
    });
  }

  async #failing(
    application: Application,
    call: Promise<unknown>,
    type: new (...args: never[]) => Error,
  ): Promise<void> {
    const error = await failure(call);
    if (application.over || error instanceof type) return;
    throw error;
  }

  async #issue(manager: Manager, { proxy, id }: Held, options: { uses: number; ttl: number }): Promise<void> {
    const expires = performance.now() + options.ttl;
    this.#tickets.push({ text: await manager.ticket(proxy, options), id, uses: options.uses, expires });
  }

  async #redeem(application: Application): Promise<void> {
    const ticket = this.#one(this.#tickets);
    // Close to its end nobody knows.
    if (!ticket || ticket.expires - performance.now() < 2000) return;
    this.#log.push(`${application.name}: redeem #${ticket.id}`);
    if (--ticket.uses === 0) this.#tickets.splice(this.#tickets.indexOf(ticket), 1);
    await this.#receive(application, application.manager.redeem(ticket.text));
  }

  async #redeemAll(): Promise<Ticket[]> {
    const { manager } = this.#applications[0] as Application;
    for (const ticket of this.#tickets) {
      if (ticket.expires < performance.now() + 2000) continue;
      while (ticket.uses-- > 0) await manager.release(await manager.redeem(ticket.text));
    }
    return [];
  }

  /** Some of what the application has, the same one twice perhaps. */
  #some(application: Application, count = this.#below(3)): Held[] {
    if (application.held.length === 0) return [];
    return Array.from({ length: count }, () => this.#one(application.held) as Held);
  }

  #hold(application: Application, proxy: AnyProxy): void {
    const typeid = application.manager.token(proxy)?.typeid as string;
    application.held.push({ proxy, id: idOf(proxy), typeid });
  }

  async #receive(application: Application, answer: Promise<unknown>): Promise<void> {
    const value = await answer;
    if (application.over) return;
    if (iterates(value)) return this.#walk(application, value).catch(closed);
    for (const proxy of proxiesIn(value)) this.#hold(application, proxy);
  }

  /** Takes some, and closes it, comes to its end, or leaves it open for a while. */
  async #walk(application: Application, iterator: AsyncGenerator): Promise<void> {
    for (let left = this.#below(3); left > 0; left--) {
      const { done, value } = await iterator.next();
      if (application.over) return;
      if (done) return;
      for (const proxy of proxiesIn(value)) this.#hold(application, proxy);
    }
    await turns(this.#below(4));
    await iterator.return(undefined);
  }

  /** What is held according to the model: what applications and tickets hold, and what that keeps. */
  #reachable(): Set<number> {
    const now = performance.now();
    const found = new Set<number>();
    const open: number[] = this.#tickets.filter(({ expires }) => expires > now).map(({ id }) => id);
    for (const { held } of this.#applications) for (const { id } of held) open.push(id);
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (found.has(id)) continue;
      found.add(id);
      for (const slot of (this.#pieceOf.get(id) as Piece).slots) open.push(slot.id);
    }
    return found;
  }

  /** Nothing is under way: the server holds what the model says, and each object that went was disposed of once. */
  async #quiet(): Promise<void> {
    await Promise.all(this.#pending);
    if (this.#unexpected !== undefined) throw this.#unexpected;
    this.#log.push('quiet');
    const { dropped } = this.#program;
    const until = performance.now() + PATIENCE;
    let doubted = false;
    for (;;) {
      await Promise.all([...this.#applications].map((application) => this.#ping(application)));
      await turns(3);
      const wanted = this.#reachable();
      const there = new Set(Array.from(this.#server.table.objects(), ({ id }) => id));
      const missing = [...wanted].filter((id) => !there.has(id));
      if (missing.length > 0) {
        if (!(await this.#answer())) return this.#quiet();
        // The timer of a ticket may be a little early.
        if (!doubted) {
          doubted = true;
          await new Promise((resolve) => setTimeout(resolve, 10));
          continue;
        }
        throw new Error(`The server freed what is held:\n${missing.map((id) => this.#whoHolds(id)).join('\n')}`);
      }
      const left = [...there].filter((id) => !wanted.has(id));
      if (left.length === 0) break;
      if (performance.now() > until) throw new Error(`The server still holds:\n${this.#holders(left)}`);
      if (dropped) (globalThis as { gc?: () => void }).gc?.();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    if (!(await this.#answer())) return this.#quiet();
    for (const piece of this.pieces) {
      const lives = [...piece.ids].some((id) => this.#server.table.find(id));
      const disposals = lives ? [0] : piece.ids.size > 0 ? [1] : [0, 1];
      if (!disposals.includes(piece.disposals)) {
        throw new Error(
          `#${[...piece.ids].join(', #')} was disposed of ${piece.disposals} times, and lives: ${lives}.`,
        );
      }
    }
  }

  async #ping(application: Application): Promise<void> {
    try {
      await application.manager.ping();
    } catch (error) {
      if (!this.#expired(application, error)) throw error;
    }
  }

  /** Every handle reaches its object. False where an application turned out to have lost its session. */
  async #answer(): Promise<boolean> {
    for (const application of [...this.#applications]) {
      for (const { proxy, id } of application.held) {
        try {
          const label = await (proxy as unknown as { label(): Promise<number> }).label();
          expect(label).toBe(this.#pieceOf.get(id)?.number);
        } catch (error) {
          if (!this.#expired(application, error)) throw error;
          return false;
        }
      }
    }
    return true;
  }

  /** According to the model. */
  #whoHolds(id: number): string {
    const applications = this.#applications.filter(({ held }) => held.some((each) => each.id === id));
    const tickets = this.#tickets.filter((ticket) => ticket.id === id);
    const keepers = this.pieces.filter(({ slots }) => slots.some((slot) => slot.id === id));
    return [
      `#${id}:`,
      ...applications.map(({ name }) => name),
      ...tickets.map(({ uses, expires }) => `a ticket of ${uses} uses, ${expires - performance.now()} ms`),
      ...keepers.map(({ ids }) => `#${[...ids].join('/')}`),
    ].join(' ');
  }

  #holders(ids: number[]): string {
    return ids
      .map((id) => {
        const object = this.#server.table.find(id);
        const holders = [...(object?.holders ?? [])].map((holder) => JSON.stringify([holder.kind, holder.describe()]));
        return `#${id} ${object?.type.typeid}: ${object?.calls} calls, ${holders.join(' ')}`;
      })
      .join('\n');
  }
}

function iterates(value: unknown): value is AsyncGenerator {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** Its application released the proxy that an iterator came from, and so closed it. */
function closed(error: Error): void {
  if (error.name !== 'ProxyReleasedError' && error.name !== 'CallAbortedError') throw error;
}

function ids(items: Held[]): string {
  return items.map(({ id }) => `#${id}`).join(', ');
}

/** The handles that came with an answer: one proxy value each. */
function proxiesIn(value: unknown, found = new Set<AnyProxy>()): Set<AnyProxy> {
  if (isProxy(value)) found.add(value);
  else if (value instanceof Map) for (const each of value.values()) proxiesIn(each, found);
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) proxiesIn(each, found);
  return found;
}

describe('programs that create, call, store, take out, copy, hand over, release, forget and die', () => {
  it(
    'leave the server with exactly what is reachable, and each object that went was disposed of once',
    async () => {
      const play = (chosen: Program): Promise<void> => new Play(chosen).run();
      if (REFERENCES_PROGRAM) return play(JSON.parse(REFERENCES_PROGRAM) as Program);
      // The program of a failure is printed, and REFERENCES_PROGRAM takes it.
      await fc.assert(fc.asyncProperty(program, play), {
        numRuns: RUNS,
        endOnFailure: true,
        ...(REFERENCES_SEED && { seed: Number(REFERENCES_SEED) }),
      });
    },
    Math.max(60_000, RUNS * STEPS * 20),
  );
});
