import type { Event } from '../workers/src/history.js';
import { check, type Facts } from './check.js';

export const FACTS: Facts = { lease: 2000, vault: [], left: [], queues: [], remains: [] };

export type Told = Event extends infer E
  ? E extends Event
    ? Omit<E, 'at' | 'by'> & { at?: number; by?: string }
    : never
  : never;

/** A made-up history: one thing after another, a ms apart, by one application unless it says otherwise. */
export function history(...told: readonly Told[]): Event[] {
  let at = 0;
  return told.map((event) => ({ by: 'app.1', ...event, at: (at = event.at ?? at + 1) }) as Event);
}

/** The rules that it breaks. */
export function broken(events: readonly Event[], facts: Partial<Facts> = {}): string[] {
  return check(events, { ...FACTS, ...facts }).map(({ rule }) => rule);
}

export const called = (call: string, more: Partial<Extract<Told, { kind: 'called' }>> = {}): Told => ({
  kind: 'called',
  call,
  what: 'count',
  timeout: 1000,
  ...more,
});
export const ran = (call: string, value: number, more: Partial<Extract<Told, { kind: 'ran' }>> = {}): Told => ({
  kind: 'ran',
  by: 'a.1',
  call,
  value,
  object: '1#1',
  session: 's1',
  generation: 1,
  late: false,
  ...more,
});
export const answered = (
  call: string,
  value?: unknown,
  more: Partial<Extract<Told, { kind: 'answered' }>> = {},
): Told => ({
  kind: 'answered',
  call,
  ran: 5,
  ...(value !== undefined && { value }),
  ...more,
});
export const failed = (call: string, error: string, fate?: string, ran = 5): Told => ({
  kind: 'failed',
  call,
  ran,
  error: { class: error, ours: error.endsWith('Error') && error !== 'TypeError', fate, message: 'as told' },
});
export const listening = (by: string, generation: number, at?: number): Told => ({
  kind: 'listening',
  by,
  server: by.slice(0, by.lastIndexOf('.')),
  generation,
  ...(at !== undefined && { at }),
});
export const sessionEnded = (reason: string, at?: number): Told => ({
  kind: 'ended',
  by: 'a.1',
  session: 's1',
  application: 'app.1',
  reason,
  ...(at !== undefined && { at }),
});
export const killed = (by = 'app.1'): Told => ({ kind: 'over', how: 'killed', by });
export const fault = (name: string, on: string, phase: 'begins' | 'ends', ms: number, at?: number): Told => ({
  kind: 'fault',
  by: 'runner',
  fault: name,
  on,
  phase,
  ms,
  ...(at !== undefined && { at }),
});
