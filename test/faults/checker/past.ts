import type { Event, EventOf } from '../workers/src/history.js';
import type { VaultEntry } from '../workers/src/vault.js';

/** What is known at the end, beside the history. */
export interface Facts {
  /** Ms, of all servers. */
  lease: number;
  /** What the vault took and refused, in the order of its decisions. */
  vault: readonly VaultEntry[];
  /** Items that were still in the queues. */
  left: readonly string[];
  /** Queues that were there to the end, as `generation#id`. */
  queues: readonly string[];
  /** What should have been gone when everybody had left, or did not come back when all faults were over. */
  remains: readonly string[];
}

/** A promise that was broken. */
export interface Violation {
  rule: string;
  text: string;
  at: number;
  /** Calls, holds, sessions and processes that it is about: the history of these tells how it came. */
  about: string[];
}

/** One call, as its caller and the servers saw it. */
export interface CallStory {
  called: EventOf<'called'>;
  end: EventOf<'answered'> | EventOf<'failed'> | undefined;
  runs: EventOf<'ran'>[];
}

/** One hold of a lock, as its owner saw it. */
export interface HoldStory {
  wanted: EventOf<'wanted'>;
  held: EventOf<'held'> | undefined;
  letGo: EventOf<'let-go'> | undefined;
  acts: EventOf<'acts'>[];
}

/** Ms in which a process that may run again has written down what it was about to. */
const WOKEN = 150;

/** Ms in which a server that has its name says that it listens. */
const SAYING = 1000;

export interface Interval {
  from: number;
  to: number;
}

/** A history, put in order: by time, by call, by hold, by process. */
export class Past {
  readonly events: readonly Event[];
  readonly calls = new Map<string, CallStory>();
  readonly holds = new Map<string, HoldStory>();
  /** The end of each process that ended. */
  readonly over = new Map<string, EventOf<'over'>>();
  readonly listening: EventOf<'listening'>[] = [];
  readonly ended: EventOf<'ended'>[] = [];
  readonly lags: EventOf<'lag'>[] = [];
  readonly faults: (Interval & { fault: string; on: string; ms: number })[] = [];

  constructor(events: readonly Event[]) {
    this.events = events.toSorted((a, b) => a.at - b.at);
    for (const event of this.events) this.#note(event);
  }

  /** Whether it was killed, or stopped because it had lost its name. */
  killed(by: string): boolean {
    const over = this.over.get(by);
    return over !== undefined && over.how !== 'closed';
  }

  /** Whether a server came to its end, or another took its place, at a moment within these. */
  serverEnded({ from, to }: Interval): boolean {
    const servers = new Set(this.listening.map(({ by }) => by));
    const ends = [...this.over.values()].filter(({ by }) => servers.has(by));
    // Who takes a place has it a moment before it can say so.
    return [...ends, ...this.listening].some(({ at }) => at >= from && at <= to + SAYING);
  }

  /** Faults of at least so many ms under way at a moment within these. */
  troubled({ from, to }: Interval, least = 0): boolean {
    return this.faults.some((fault) => fault.ms >= least && fault.from <= to && fault.to >= from);
  }

  /**
   * Whether it was stopped until a moment before: between its look at the lease and what it then wrote down, it may have
   * been. Who was blocked was not, since it looks after that.
   */
  woken(by: string, at: number): boolean {
    return this.faults.some(
      ({ fault, on, to }) => fault.startsWith('application paused') && on === by && Math.abs(at - to) < WOKEN,
    );
  }

  #note(event: Event): void {
    switch (event.kind) {
      case 'called':
        this.calls.set(event.call, { called: event, end: undefined, runs: [] });
        break;
      case 'answered':
      case 'failed': {
        const story = this.calls.get(event.call);
        if (story) story.end = event;
        break;
      }
      case 'ran':
        this.calls.get(event.call)?.runs.push(event);
        break;
      case 'wanted':
        this.holds.set(event.hold, { wanted: event, held: undefined, letGo: undefined, acts: [] });
        break;
      case 'held':
      case 'let-go':
      case 'acts':
        this.#noteHold(event);
        break;
      case 'over':
        if (!this.over.has(event.by)) this.over.set(event.by, event);
        break;
      case 'listening':
        this.listening.push(event);
        break;
      case 'ended':
        this.ended.push(event);
        break;
      case 'lag':
        this.lags.push(event);
        break;
      case 'fault':
        this.#noteFault(event);
        break;
      default:
    }
  }

  #noteHold(event: EventOf<'held'> | EventOf<'let-go'> | EventOf<'acts'>): void {
    const story = this.holds.get(event.hold);
    if (!story) return;
    if (event.kind === 'held') story.held = event;
    else if (event.kind === 'let-go') story.letGo = event;
    else story.acts.push(event);
  }

  #noteFault({ fault, on, ms, phase, at }: EventOf<'fault'>): void {
    const open = this.faults.findLast((known) => known.fault === fault && known.on === on && known.to === Infinity);
    if (phase === 'begins') this.faults.push({ fault, on, ms, from: at, to: Infinity });
    else if (open) open.to = at;
  }
}

/** The name of the server that a process of the arena is a start of. */
export function serverOf(by: string): string {
  return by.slice(0, by.lastIndexOf('.'));
}
