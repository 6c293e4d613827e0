import type { CallContext } from '../../definition/index.js';
import type { WaitingLine } from './waiting-line.js';

/** Somebody who holds something that belongs to sessions and tasks, or wants to. */
export interface Claimant {
  readonly session: string;
  readonly task: string | undefined;
  readonly application: string;
  /** In development: the line of the application that asked for it. */
  readonly line: string | undefined;
}

/** The most of one kind that the census tells of. */
export const SHOWN = 100;

export function claimant({ session, task, application }: CallContext, line: string | undefined): Claimant {
  // It comes from the application as it is.
  const where = typeof line === 'string' ? line.slice(0, 200) : undefined;
  return { session, task, application, line: where };
}

/** As the census tells of it. */
export function told({ application, session, task, line }: Claimant): Record<string, unknown> {
  return { application, session, ...(task !== undefined && { task }), ...(line !== undefined && { line }) };
}

/** Those in line, as the census tells of them: how many, and who the first ones are. */
export function toldWaiting<V, D extends { readonly line: string | undefined } | undefined>(
  line: WaitingLine<V, D>,
): Record<string, unknown> {
  const waiting = [];
  for (const { call, data, since } of line) {
    if (waiting.length === SHOWN) break;
    waiting.push({ ...told(claimant(call, data?.line)), since });
  }
  return { waiters: line.size, waiting };
}
