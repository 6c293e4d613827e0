import { AsyncResource } from 'node:async_hooks';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { turns } from '../../client/house.suite.js';
import type { SharedProxy } from '../../definition/index.js';
import { createTestManager, type TestManager } from '../../testing/index.js';
import type { Manager } from '../index.js';
import { stateOf } from '../support/state.suite.js';
import type { Semaphore } from './referent.js';

type Kind = 'semaphore' | 'boundedSemaphore';

interface Step {
  readonly what: 'acquire' | 'abort' | 'release' | 'exclusive' | 'close' | 'turns';
  readonly application: number;
  readonly task: number;
  /** Turns of the event loop, ms, or which of several. */
  readonly number: number;
}

const APPLICATIONS = 3;

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constant('acquire' as const) },
    { weight: 4, arbitrary: fc.constant('abort' as const) },
    { weight: 5, arbitrary: fc.constant('release' as const) },
    { weight: 2, arbitrary: fc.constant('exclusive' as const) },
    { weight: 1, arbitrary: fc.constant('close' as const) },
    { weight: 4, arbitrary: fc.constant('turns' as const) },
  ),
  application: fc.nat(APPLICATIONS - 1),
  task: fc.nat(2),
  number: fc.nat(6),
});

const program = fc.record({
  kind: fc.constantFrom<Kind>('semaphore', 'boundedSemaphore'),
  permits: fc.nat(4),
  steps: fc.array(step, { minLength: 10, maxLength: 80 }),
});

/** One application, and what it knows to have. */
class Application {
  held = 0;
  readonly aborts: AbortController[] = [];
  readonly #tasks: AsyncResource[] = [];

  constructor(
    readonly manager: Manager,
    readonly semaphore: SharedProxy<Semaphore>,
  ) {}

  static async join(test: TestManager, kind: Kind, permits: number): Promise<Application> {
    const manager = test.connect();
    return new Application(manager, (await manager.named('permits')[kind](permits)) as SharedProxy<Semaphore>);
  }

  /** Runs in one of its tasks; the first is none. */
  in<R>(task: number, fn: () => R): R {
    if (task === 0) return fn();
    this.#tasks[task] ??= this.manager.task(() => new AsyncResource('task'));
    return this.#tasks[task].runInAsyncScope(fn);
  }
}

interface Program {
  readonly kind: Kind;
  readonly permits: number;
  readonly steps: readonly Step[];
}

class Play {
  readonly #program: Program;
  readonly #test: TestManager;
  readonly #applications: Application[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #faults: unknown[] = [];

  constructor(test: TestManager, given: Program) {
    this.#test = test;
    this.#program = given;
  }

  async run(): Promise<void> {
    const { kind, permits, steps } = this.#program;
    for (let i = 0; i < APPLICATIONS; i++) this.#applications.push(await Application.join(this.#test, kind, permits));
    for (const one of steps) await this.#step(one);
    // Those who still wait would wait for ever.
    await turns();
    for (const { aborts } of this.#applications) for (const abort of aborts) abort.abort();
    await Promise.all(this.#underWay);
    expect(this.#faults).toEqual([]);
    const { manager, semaphore } = this.#applications[0] as Application;
    const held = this.#applications.reduce((sum, one) => sum + one.held, 0);
    let state: Record<string, unknown> = {};
    for (let i = 0; i < 200; i++) {
      state = await stateOf(manager, semaphore);
      if (state['running'] === 0 && state['held'] === held) break;
      await turns();
    }
    expect(state).toMatchObject({ held, free: permits - held, waiters: 0, running: 0 });
  }

  async #step({ what, application, task, number }: Step): Promise<void> {
    const one = this.#applications[application] as Application;
    switch (what) {
      case 'acquire':
        return this.#start(one, task, () => this.#acquire(one, number));
      case 'abort':
        return one.aborts.splice(number, 1)[0]?.abort();
      case 'release':
        if (one.held === 0) return;
        one.held--;
        return this.#start(one, task, () => one.semaphore.release());
      case 'exclusive':
        return this.#start(one, task, () => this.#exclusive(one, number));
      case 'turns':
        return turns(number);
      case 'close': {
        one.held = 0;
        const { kind, permits } = this.#program;
        this.#applications[application] = await Application.join(this.#test, kind, permits);
        await one.manager.close();
      }
    }
  }

  async #acquire(one: Application, number: number): Promise<void> {
    const abort = new AbortController();
    one.aborts.push(abort);
    const options = number === 0 ? { blocking: false } : number === 1 ? { timeout: 1 } : {};
    const had = await one.manager.with(one.semaphore, { signal: abort.signal }).acquire(options);
    // A closed application knows nothing any more.
    if (had && this.#applications.includes(one)) one.held++;
  }

  async #exclusive(one: Application, number: number): Promise<void> {
    const abort = new AbortController();
    one.aborts.push(abort);
    await one.manager.with(one.semaphore, { signal: abort.signal }).runExclusive(() => turns(number));
  }

  #start(one: Application, task: number, fn: () => Promise<unknown>): void {
    const run = async (): Promise<void> => {
      try {
        await one.in(task, fn);
      } catch (error) {
        // Aborts, and what a closed manager says, are part of the program.
        if (error instanceof RangeError || error instanceof TypeError) this.#faults.push(error);
      }
    };
    const running = run().finally(() => this.#underWay.delete(running));
    this.#underWay.add(running);
  }
}

it('no permit is lost, and none made, whatever is acquired, aborted, released and closed', async () => {
  const runs = Number(process.env['PERMITS_RUNS'] ?? 60);
  await fc.assert(
    fc.asyncProperty(program, async (given) => {
      await using test = await createTestManager();
      await new Play(test, given).run();
    }),
    { numRuns: runs },
  );
}, 60_000);
