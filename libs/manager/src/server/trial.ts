import type { HostedObject, Hosting } from './object-table.js';

/** Of an instance that was met: nothing is known yet; its holders were read and are all dead as far as known; it lives. */
const MET = 0;
const READ = 1;
const LIVE = 2;

/** Steps of some 100 ns between two pauses. */
const STEPS = 16;
/** How often the verdict is tried while things change. */
const ATTEMPTS = 8;

/**
 * One search for instances that only hold each other. From each candidate it goes back to those who hold it, until it finds
 * somebody who is no object, and so on with what the dead hold. It may pause anywhere, while the graph changes under it.
 *
 * Why it never takes what can be reached, whatever happens in the pauses: an object is marked (`object.search`) before its
 * holders are read, and every change of its holders, its calls or the ids of its instance takes the mark off. The verdict is
 * one step without a pause, which demands the mark of every object in it. So at that moment each of them is held by
 * exactly those who were read, none of whom is anything but an instance of the verdict itself: what lives would have been
 * passed on along the edge that was recorded with the reading. What is wrong about an instance outside the verdict can only
 * spare something. Who reaches a dead object later does so from a dead one, as by a timer, and finds it freed.
 *
 * Why nothing is missed for ever: every let go that leaves only objects as holders makes a new candidate. A dead instance
 * that this search spares lived when it looked, or changed since, and is reached from what was let go meanwhile.
 */
export class Trial {
  readonly #epoch: number;
  readonly #stepsAtOnce: number;
  /** Changed while the search ran: the next one looks at them. */
  readonly changed: HostedObject[] = [];
  // Everything about an instance is under its number, in lists of numbers: nothing for the collector to walk.
  readonly #instances: Hosting[] = [];
  readonly #state: number[] = [];
  /** The candidate in whose queue it is. */
  readonly #queued: number[] = [];
  /** Edges from an owner to what it holds, as they were read: a chain for each owner. */
  readonly #firstEdge: number[] = [];
  readonly #edgeTo: number[] = [];
  readonly #nextEdge: number[] = [];
  /** In the order of their reading. */
  readonly #read: number[] = [];
  /** Left aside because the candidate at hand was found to live before their turn came. */
  readonly #aside: number[] = [];
  #steps = 0;

  /** `epoch` is greater than that of any search before, and than 0. */
  constructor(epoch: number, stepsAtOnce = STEPS) {
    this.#epoch = epoch;
    this.#stepsAtOnce = stepsAtOnce;
  }

  /** Instances met. */
  get size(): number {
    return this.#instances.length;
  }

  /** Answers what is dead at the moment in which it ends; whoever runs it frees that in the same step. */
  *run(candidates: Iterable<HostedObject>): Generator<void, readonly HostedObject[]> {
    const dead: HostedObject[] = [];
    for (const candidate of candidates) {
      if (this.#pause()) yield;
      if (candidate.freed) continue;
      const at = this.#meet(candidate.hosting);
      if (this.#state[at] !== LIVE) yield* this.#judge(at);
      if (this.#state[at] !== LIVE) dead.push(candidate);
    }
    if (dead.length === 0) return [];
    yield* this.#judgeKept();
    // What was not read to its end is not known to be dead.
    for (const at of this.#aside) if (this.#state[at] === MET) yield* this.#spare(at);
    for (let i = 0; i < ATTEMPTS; i++) {
      const verdict: HostedObject[] = [];
      for (const at of this.#read) {
        if (this.#pause()) yield;
        if (this.#state[at] === READ) verdict.push(...this.#instance(at).objects);
      }
      // From here to the return there is no pause.
      const changed = verdict.filter(({ search }) => search !== this.#epoch);
      if (changed.length === 0) return verdict;
      for (const object of changed) {
        this.changed.push(object);
        yield* this.#spare(object.hosting.place);
      }
    }
    this.changed.push(...dead);
    return [];
  }

  /** What the dead hold may be dead as well; so it goes with them, not search by search. */
  *#judgeKept(): Generator<void> {
    for (let i = 0; i < this.#read.length; i++) {
      const at = this.#read[i] as number;
      if (this.#state[at] !== READ) continue;
      for (const { object } of this.#instance(at).kept) {
        if (this.#pause()) yield;
        if (!object || object.freed) continue;
        const kept = this.#meet(object.hosting);
        if (this.#state[kept] === MET) yield* this.#judge(kept);
      }
    }
  }

  /**
   * Reads holders, and their holders, until the instance is known to live or all who lead to it are known. One loop rather
   * than one function for each instance, because there may be very many.
   */
  *#judge(candidate: number): Generator<void> {
    const state = this.#state;
    const aside = this.#aside;
    const queue = [candidate];
    let next = 0;
    this.#queued[candidate] = candidate;
    while (state[candidate] !== LIVE) {
      if (this.#pause()) yield;
      // After its own: what was read for another candidate may be held by those who were left aside then.
      const at = next < queue.length ? queue[next++] : aside.pop();
      if (at === undefined) return;
      if (state[at] !== MET) continue;
      state[at] = READ;
      this.#read.push(at);
      const hosting = this.#instance(at);
      // Before anything is read: see above. A copy, because ids may come and go in the pauses.
      const objects = [...hosting.objects];
      for (const object of objects) object.search = this.#epoch;
      let spared = lives(hosting);
      for (const object of objects) {
        for (const { owner, weak } of object.holders) {
          if (spared) break;
          if (weak) continue;
          if (this.#pause()) yield;
          const by = owner && this.#meet(owner);
          if (by === undefined || state[by] === LIVE) spared = true;
          else {
            this.#record(by, at);
            if (state[by] !== MET || this.#queued[by] === candidate) continue;
            this.#queued[by] = candidate;
            queue.push(by);
          }
        }
      }
      if (spared) yield* this.#spare(at);
    }
    for (; next < queue.length; next++) {
      if (this.#pause()) yield;
      aside.push(queue[next] as number);
    }
  }

  /** It lives, and so does what was read to be held by it. */
  *#spare(at: number): Generator<void> {
    this.#state[at] = LIVE;
    const spared = [at];
    for (let by = spared.pop(); by !== undefined; by = spared.pop()) {
      for (let edge = this.#firstEdge[by] as number; edge !== -1; edge = this.#nextEdge[edge] as number) {
        if (this.#pause()) yield;
        const held = this.#edgeTo[edge] as number;
        if (this.#state[held] === LIVE) continue;
        this.#state[held] = LIVE;
        spared.push(held);
      }
    }
  }

  /** `by` holds `at`. */
  #record(by: number, at: number): void {
    this.#nextEdge.push(this.#firstEdge[by] as number);
    this.#firstEdge[by] = this.#edgeTo.push(at) - 1;
  }

  #meet(hosting: Hosting): number {
    if (hosting.search === this.#epoch) return hosting.place;
    hosting.search = this.#epoch;
    hosting.place = this.#instances.length;
    this.#instances.push(hosting);
    this.#state.push(lives(hosting) ? LIVE : MET);
    this.#queued.push(-1);
    this.#firstEdge.push(-1);
    return hosting.place;
  }

  #instance(at: number): Hosting {
    return this.#instances[at] as Hosting;
  }

  #pause(): boolean {
    return ++this.#steps % this.#stepsAtOnce === 0;
  }
}

/** Held by somebody who is no object; or about to be held, or gone: neither is for a search to judge. */
function lives({ objects }: Hosting): boolean {
  for (const object of objects) if (object.rooted || !object.held) return true;
  return objects.length === 0;
}
