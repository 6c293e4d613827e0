import { atPlace, placeOfCall, type Target } from '../definition/index.js';
import { CallTimeoutError, type Limits, type WireReference } from '../protocol/index.js';
import { abortedError, notSent } from './failures.js';
import { LaterArguments } from './later-arguments.js';
import type { ObjectRecord } from './object-record.js';
import { orAborted } from './or-aborted.js';
import { within } from './within.js';

/** A call that cannot leave at once, and what it needs of its session. */
export interface LaterCall {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly limits: Limits;
  readonly signal: AbortSignal | undefined;
  /** Ms; 0 is none. */
  readonly timeout: number;
  readonly record: ObjectRecord | undefined;
  /** Whether the server knows the object of a proxy as one that this session holds. */
  nameable(target: Target): boolean;
  /** A proxy of a ticket's object. */
  redeemed(ticket: string): object;
  /** Makes the call, with the ms that are left and what stands for the proxies that cannot be named. */
  send(args: readonly unknown[], left: number, tickets: ReadonlyMap<object, WireReference>): Promise<unknown>;
}

/** A call whose arguments cannot travel yet, or one made after it: they leave in the order in which they were made. */
export function callLater(call: LaterCall): Promise<unknown> {
  const { method, record, signal, timeout } = call;
  let later: LaterArguments;
  try {
    later = new LaterArguments(call.args, call.limits);
  } catch (error) {
    return Promise.reject(notSent(error, method, record));
  }
  const since = performance.now();
  const place = placeOfCall();
  const before = record?.line;
  record?.pin();
  const prepare = async (): Promise<Map<object, WireReference>> => {
    const tickets = later.tickets((target) => call.nameable(target));
    tickets.catch(() => undefined);
    await before;
    return tickets;
  };
  const tooLate = (): Error =>
    signal?.aborted
      ? abortedError(method, record, signal.reason, 'not-executed')
      : new CallTimeoutError(`${method}() could not leave within ${timeout} ms: its arguments were not reached.`, {
          method,
          timeout,
          fate: 'not-executed',
        });
  const ready = within(timeout, [signal], (over) => orAborted(prepare(), over, tooLate));
  const outcome = ready.then(
    (tickets) => {
      const left = timeout > 0 ? Math.max(1, timeout - (performance.now() - since)) : 0;
      // In a box: the line goes on when it has left, not when it was answered.
      return { answer: atPlace(place, () => call.send(later.args, left, tickets)) };
    },
    (error: unknown) => {
      // What was to travel does not: its tickets go back as soon as they are there.
      void later.discard((ticket) => call.redeemed(ticket));
      return { answer: Promise.reject(notSent(error, method, record) as Error) };
    },
  );
  const leave = async (): Promise<void> => {
    await outcome;
    later.release();
    if (!record) return;
    if (record.line === line) record.line = undefined;
    record.unpin();
  };
  const line = leave();
  if (record) record.line = line;
  return outcome.then(({ answer }) => answer);
}
