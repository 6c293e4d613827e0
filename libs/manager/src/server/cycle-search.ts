import { AsyncResource } from 'node:async_hooks';
import type { HostedObject, ObjectTable } from './object-table.js';
import { Trial } from './trial.js';

/** Ms for which candidates are gathered: who lets go of one object often lets go of more. */
const GATHER = 20;
/** The next search waits so many times as long as the last one took. */
const PAUSE = 10;
/**
 * What a search takes of each turn of the event loop: as a share of what everything else took of the last one, and in ms.
 * So calls wait little longer for it, few or many, and a search under load still comes to its end.
 */
const SHARE = 1 / 4;
const LEAST = 0.05;
const MOST = 1;

/** What the searches of a server took so far. */
export interface CycleSearchCost {
  searches: number;
  /** Instances that were looked at. */
  met: number;
  /** Ms spent searching. */
  searching: number;
  freed: number;
  /** Ms spent freeing what was found, `onSharedDispose()` included. */
  freeing: number;
}

/**
 * When to look for objects that only hold each other. Candidates are those that lost a holder and are left to objects; one
 * search is made for all that came up since the last one began, in slices between which calls run.
 */
export class CycleSearch {
  readonly cost: CycleSearchCost = { searches: 0, met: 0, searching: 0, freed: 0, freeing: 0 };
  readonly #table: ObjectTable;
  #candidates = new Set<HostedObject>();
  #epoch = 0;
  /** When the next search may begin, by `performance.now()`. */
  #dueAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #work: Generator<void> | undefined;
  #phase: 'searching' | 'freeing' = 'searching';
  /** When the last slice ended. */
  #pausedAt = 0;
  #stopped = false;
  /** Searches are no part of the call that let go when they were set up. */
  readonly #begin = AsyncResource.bind(() => this.#search());

  constructor(table: ObjectTable) {
    this.#table = table;
  }

  /** A search, or the freeing of what it found, is under way. */
  get running(): boolean {
    return this.#work !== undefined;
  }

  /** It lost a holder, and those that are left are objects. */
  suspect(object: HostedObject): void {
    if (this.#stopped || object.freed) return;
    this.#candidates.add(object);
    if (!this.#timer && !this.#work) this.#wait();
  }

  /** It was freed: it is not kept in memory for a search that is to come. */
  forget(object: HostedObject): void {
    this.#candidates.delete(object);
  }

  /** What was found dead is freed to the last; no search begins any more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#candidates.clear();
    if (this.#work && this.#phase === 'freeing') while (!this.#work.next().done);
    this.#work = undefined;
  }

  #wait(): void {
    this.#timer = setTimeout(this.#begin, Math.max(GATHER, this.#dueAt - performance.now())).unref();
  }

  #search(): void {
    this.#timer = undefined;
    const candidates = this.#candidates;
    this.#candidates = new Set();
    this.#work = this.#steps(candidates);
    this.#pausedAt = performance.now();
    this.#slice();
  }

  *#steps(candidates: ReadonlySet<HostedObject>): Generator<void> {
    const { cost } = this;
    const before = cost.searching;
    this.#phase = 'searching';
    const trial = new Trial(++this.#epoch);
    const dead = yield* trial.run(candidates);
    // In the same step: the verdict holds for this moment.
    this.#table.condemn(dead);
    for (const object of trial.changed) this.suspect(object);
    cost.searches++;
    cost.met += trial.size;
    cost.freed += dead.length;
    this.#phase = 'freeing';
    yield;
    this.#dueAt = performance.now() + PAUSE * (cost.searching - before);
    yield* this.#table.bury(dead);
  }

  #slice(): void {
    const work = this.#work as Generator<void>;
    let now = performance.now();
    const until = now + Math.min(MOST, Math.max(LEAST, (now - this.#pausedAt) * SHARE));
    let over = false;
    while (!over && now < until) {
      const phase = this.#phase;
      const before = now;
      over = work.next().done === true;
      now = performance.now();
      this.cost[phase] += now - before;
    }
    this.#pausedAt = now;
    if (!over) this.#immediate = setImmediate(() => this.#slice());
    else {
      this.#work = undefined;
      if (this.#candidates.size > 0) this.#wait();
    }
  }
}
