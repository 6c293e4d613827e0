import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { Lane } from '../transport/index.js';
import { End, numbered, type Letter } from './two-ends.suite.js';

/** What a medium may do to what is written, and what the two ends do meanwhile. */
interface World {
  /** Drives every choice below. */
  noise: number;
  steps: number;
  loss: number;
  repeat: number;
  /** Most ms that a frame or a beat is under way; with more than one, they overtake each other. */
  delay: number;
  /** Chance per step that the medium goes away. */
  outage: number;
  /** Chance per step that the inbox is read again from its first item. */
  reread: number;
  /** Chance per step that an end may not act for a while: its lease, or its server's, is in doubt. */
  doubt: number;
  calls: number;
  bytes: number;
}

const chance = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.6, noNaN: true }));
const world: fc.Arbitrary<World> = fc.record({
  noise: fc.integer(),
  steps: fc.integer({ min: 1, max: 40 }),
  loss: chance,
  repeat: chance,
  delay: fc.integer({ min: 0, max: 80 }),
  outage: fc.double({ min: 0, max: 0.1, noNaN: true }),
  reread: fc.double({ min: 0, max: 0.1, noNaN: true }),
  doubt: fc.double({ min: 0, max: 0.05, noNaN: true }),
  calls: fc.integer({ min: 1, max: 20 }),
  bytes: fc.integer({ min: 100, max: 3000 }),
});

const STEP = 10;
const BEAT = 50;
/** Beats after which everything must have arrived, once the medium is fair again and credit is no obstacle. */
const FAIR_BEATS = 12;
const REFUSED = 1_000_000;

function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The inbox of one end, with a lane of its own for beats. What was read stays for a while and may be read again. */
class PlayedInbox {
  readonly due: { at: number; stamp: number; letter: Letter }[] = [];
  kept: { stamp: number; letter: Letter }[] = [];

  read(end: End, now: number): void {
    const ready = this.due.filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at);
    for (const item of ready) this.due.splice(this.due.indexOf(item), 1);
    this.#hand(end, ready);
    this.kept = [...this.kept, ...ready].slice(-40);
    end.reader.drained(now);
  }

  reread(end: End): void {
    end.reader.restarted();
    this.#hand(end, this.kept);
  }

  #hand(end: End, items: readonly { stamp: number; letter: Letter }[]): void {
    for (const lane of ['beats', 'frames'] as Lane[]) {
      const deliveries = items
        .filter(({ letter }) => letter.lane === lane)
        .map(({ letter, stamp }) => ({ bytes: letter.bytes, at: stamp }));
      if (deliveries.length > 0) end.reader.deliver(lane, deliveries);
    }
  }
}

/** What one end said and heard; the checks that hold at any moment are made as things happen. */
class Side {
  readonly credited: number[] = [];
  readonly free: number[] = [];
  readonly withdrawn = new Set<number>();
  readonly taken: number[] = [];
  readonly inbox = new PlayedInbox();
  end!: End;
  /** Received, and what of it was given back as credit. */
  underWay = { calls: 0, bytes: 0 };
  readonly unconsumed: number[] = [];
  readonly heard = new Set<number>();
  doubtUntil = 0;
}

class Run {
  readonly #random: () => number;
  readonly #world: World;
  readonly client = new Side();
  readonly server = new Side();
  #now = 0;
  #awayUntil = 0;
  #fair = false;
  #number = 0;
  /** Answers that the client sent back, before anything may count them as taken. */
  readonly #refused = new Set<number>();
  readonly #sizes = new Map<number, number>();

  constructor(world: World) {
    this.#world = world;
    this.#random = random(world.noise);
    const window = { calls: world.calls, bytes: world.bytes };
    for (const [me, peer, side, other] of [
      ['client', 'server', this.client, this.server],
      ['server', 'client', this.server, this.client],
    ] as const) {
      side.end = new End(
        {
          me,
          peer,
          window,
          post: (letter) => this.#post(other.inbox, letter),
          now: () => this.#now,
          deliver: (number) => this.#heard(side, other, number),
        },
        me === 'server',
      );
      side.end.link.allow(window);
    }
  }

  async play(): Promise<void> {
    for (let step = 0; step < this.#world.steps; step++) {
      for (const side of [this.client, this.server]) this.#act(side);
      if (this.#chance(this.#world.outage)) this.#awayUntil = this.#now + this.#random() * 300;
      await this.#pass(step);
    }
    this.#fair = true;
    this.#awayUntil = 0;
    // With little credit, each message waits for one before it to be acknowledged.
    const steps = (FAIR_BEATS * BEAT) / STEP + 3 * this.#number;
    const first = Math.ceil(this.#world.steps / 5) * 5;
    for (let step = first; step < first + steps && !this.#idle(); step++) {
      for (const side of [this.client, this.server]) this.#consume(side, Infinity);
      await this.#pass(step);
    }
  }

  check(): void {
    for (const [from, to] of [
      [this.client, this.server],
      [this.server, this.client],
    ] as const) {
      expect(from.end.broken).toBeUndefined();
      const left = (number: number): boolean => !from.withdrawn.has(number);
      const received = to.end.received;
      expect(received.filter((number) => from.credited.includes(number))).toEqual(from.credited.filter(left));
      expect(received.filter((number) => from.free.includes(number))).toEqual(from.free);
      expect(received).toHaveLength(from.credited.filter(left).length + from.free.length);
      expect(from.taken).toEqual(received.filter((number) => from.credited.includes(number)));
      expect([from.end.link.idle, from.end.link.queued, from.end.link.pendingBytes]).toEqual([true, 0, 0]);
    }
  }

  #idle(): boolean {
    const ends = [this.client, this.server];
    return ends.every(({ end, inbox, unconsumed }) => end.link.idle && inbox.due.length + unconsumed.length === 0);
  }

  async #pass(step: number): Promise<void> {
    await settled();
    this.#now += STEP;
    jest.advanceTimersByTime(STEP);
    await settled();
    for (const side of [this.client, this.server]) {
      const doubt = !this.#fair && this.#now < side.doubtUntil;
      const back = !doubt && !side.end.mayWrite;
      side.end.mayWrite = side.end.mayTake = !doubt;
      if (back) {
        side.end.link.resend();
        side.end.link.request();
      }
      if (this.#now >= this.#awayUntil) {
        if (!this.#fair && this.#chance(this.#world.reread)) side.inbox.reread(side.end);
        side.inbox.read(side.end, this.#fair ? Infinity : this.#now);
      }
    }
    if (step % (BEAT / STEP) === 0) this.client.end.sendBeat();
  }

  #act(side: Side): void {
    const { link } = side.end;
    for (let left = Math.floor(this.#random() * 4); left > 0; left--) {
      const number = ++this.#number;
      const bytes = numbered(number, Math.floor(this.#random() * 60));
      this.#sizes.set(number, bytes.length);
      if (this.#chance(0.3)) {
        side.free.push(number);
        link.send(bytes, 0, false);
        continue;
      }
      side.credited.push(number);
      const item = link.send(bytes, 1, true, () => {
        // The rule that hand-over stands on: what was sent back is known before it counts as taken.
        if (this.#refused.has(number)) expect(side.heard.has(REFUSED + number)).toBe(true);
        side.taken.push(number);
      });
      if (this.#chance(0.1) && link.withdraw(item)) side.withdrawn.add(number);
    }
    this.#consume(side, Math.floor(this.#random() * 4));
    if (this.#chance(this.#world.doubt)) side.doubtUntil = this.#now + this.#random() * 200;
  }

  #consume(side: Side, most: number): void {
    for (const number of side.unconsumed.splice(0, most)) {
      const bytes = this.#sizes.get(number) as number;
      side.underWay.calls--;
      side.underWay.bytes -= bytes;
      side.end.link.consumed(1, bytes);
    }
  }

  #heard(side: Side, from: Side, number: number): void {
    expect(side.heard.has(number)).toBe(false);
    side.heard.add(number);
    if (!from.credited.includes(number)) return;
    side.underWay.calls++;
    side.underWay.bytes += this.#sizes.get(number) as number;
    side.unconsumed.push(number);
    expect(side.underWay.calls).toBeLessThanOrEqual(this.#world.calls);
    expect(side.underWay.bytes).toBeLessThanOrEqual(this.#world.bytes);
    if (side !== this.client || !this.#chance(0.3)) return;
    this.#refused.add(number);
    const refusal = REFUSED + number;
    side.free.push(refusal);
    side.end.link.send(numbered(refusal), 0, false);
  }

  #post(inbox: PlayedInbox, letter: Letter): Promise<boolean> {
    const away = this.#now < this.#awayUntil;
    // Where a write fails, the bytes may have arrived all the same.
    if (away ? this.#chance(0.3) : this.#fair || !this.#chance(this.#world.loss)) this.#put(inbox, letter);
    if (!this.#fair && this.#chance(this.#world.repeat)) this.#put(inbox, letter);
    return Promise.resolve(!away);
  }

  #put(inbox: PlayedInbox, letter: Letter): void {
    const delay = this.#fair ? 0 : this.#random() * this.#world.delay;
    inbox.due.push({ at: this.#now + delay, stamp: this.#now, letter });
  }

  #chance(of: number): boolean {
    return this.#random() < of;
  }
}

/** Ticks and promises of this turn. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('two links over a medium that loses, repeats, delays and reorders', () => {
  beforeAll(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  });
  afterAll(() => {
    jest.useRealTimers();
  });

  it('hand up each message once and in order, and become idle once the medium is fair', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (chosen) => {
        const run = new Run(chosen);
        await run.play();
        run.check();
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});
