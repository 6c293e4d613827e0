import {
  brief,
  CallAbortedError,
  CallTimeoutError,
  MethodNotExposedError,
  ObjectLostError,
  OverloadedError,
  quoted,
  ServerClosingError,
} from '../protocol/index.js';
import type { Call } from './call.js';
import type { HostedObject } from './object-table.js';

/** What a call is told that does not start, or whose caller left. */

export function describe(object: HostedObject): string {
  return `${object.type.typeid} #${object.id}${object.name === undefined ? '' : ` ("${object.name}")`}`;
}

export function notExposed(target: HostedObject, method: string): MethodNotExposedError {
  const { typeid, exposed } = target.type;
  return new MethodNotExposedError(
    `${typeid} does not expose ${quoted(method)}. It exposes: ${exposed.join(', ') || 'nothing'}.`,
    { typeid, method: brief(method), objectId: target.id, fate: 'not-executed' },
  );
}

export function timeoutError(call: Call, when: string): CallTimeoutError {
  return new CallTimeoutError(`${call.method}() ran out of time ${when}; it was not executed.`, {
    method: call.method,
    fate: 'not-executed',
    ...(call.target && { typeid: call.target.type.typeid, objectId: call.target.id }),
  });
}

export function abortedError(call: Call): CallAbortedError {
  return new CallAbortedError(`The caller of ${call.method}() stopped waiting.`, {
    method: call.method,
    ...(!call.started && { fate: 'not-executed' as const }),
  });
}

export function closingError(): ServerClosingError {
  return new ServerClosingError('The server is closing and starts no further call.', { fate: 'not-executed' });
}

export function notHeld(id: number, session: string): ObjectLostError {
  return new ObjectLostError(
    `Object #${id} is not held by session ${session}: it was released, or lost its name to another server.`,
    { objectId: id, session, fate: 'not-executed' },
  );
}

export function tooManyReferences(session: string, count: number): OverloadedError {
  return new OverloadedError(
    `Session ${session} holds ${count} references, which is as many as it may: release some first.`,
    { session, retryAfter: 1000, fate: 'not-executed' },
  );
}

/** The call ran, and its answer is not kept. */
export function tooMuchKept(session: string, bytes: number): OverloadedError {
  return new OverloadedError(
    `${bytes} bytes of answers wait to be read by session ${session}, which is as much as is kept for it: this answer was dropped. ` +
      'Make fewer calls with large answers at once, or read their results sooner.',
    { session, retryAfter: 1000, fate: 'executed' },
  );
}

export function tooManyWaiting(call: Call): OverloadedError {
  return new OverloadedError(
    `Session ${call.session} has as many calls waiting as it may; ${call.method}() was not queued.`,
    { session: call.session, method: call.method, retryAfter: 1000, fate: 'not-executed' },
  );
}
