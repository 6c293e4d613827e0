import type { Event } from '../workers/src/history.js';
import type { Violation } from './past.js';

/** Ms before and after a violation of which everything is told that it is about. */
const AROUND = 10_000;
const MOST_LINES = 60;

/** A violation and the history around it, for people. Times are seconds since the beginning. */
export function story(events: readonly Event[], { rule, text, at, about }: Violation): string {
  const begun = events.reduce((first, event) => Math.min(first, event.at), Infinity);
  const subjects = new Set(about);
  const concerned = events
    .filter((event) => Math.abs(event.at - at) < AROUND && (tells(event) || concerns(event, subjects)))
    .toSorted((a, b) => a.at - b.at);
  // Those that are nearest to it say most.
  const near = concerned.toSorted((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at)).slice(0, MOST_LINES);
  const lines = near.toSorted((a, b) => a.at - b.at).map((event) => line(event, begun));
  return [`${rule}: ${text}  (at ${seconds(at, begun)} s)`, ...lines].join('\n');
}

/** What is worth knowing, whatever it is about. */
function tells({ kind }: Event): boolean {
  return kind === 'fault' || kind === 'over' || kind === 'listening' || kind === 'trouble';
}

function concerns(event: Event, subjects: ReadonlySet<string>): boolean {
  const about = [...subjects];
  if ('call' in event && subjects.has(event.call)) return true;
  if ('hold' in event) return subjects.has(event.hold);
  if ('session' in event && subjects.has(event.session) && event.kind !== 'ran') return true;
  if (event.kind === 'log') return about.some((subject) => event.text.includes(subject));
  return 'value' in event && typeof event.value === 'string' && subjects.has(event.value);
}

function line({ at, by, kind, ...rest }: Event, begun: number): string {
  const said = Object.entries(rest).map(([name, value]) => `${name} ${shown(value)}`);
  return `  ${seconds(at, begun).padStart(8)}  ${by.padEnd(12)} ${kind.padEnd(9)} ${said.join(', ')}`;
}

function shown(value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value));
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function seconds(at: number, begun: number): string {
  return ((at - begun) / 1000).toFixed(3);
}
