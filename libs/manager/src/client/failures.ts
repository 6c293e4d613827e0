import { CallAbortedError, ManagerError, ObjectLostError } from '../protocol/index.js';
import type { Fate } from '../protocol/index.js';
import type { ObjectRecord } from './object-record.js';

/** What a caller is told whose call fails on this side. */

export function lostError(record: ObjectRecord): ObjectLostError {
  return new ObjectLostError(`${record.typeid} #${record.id} is gone.`, {
    typeid: record.typeid,
    objectId: record.id,
    fate: 'not-executed',
  });
}

export function abortedError(
  method: string,
  record: ObjectRecord | undefined,
  cause: unknown,
  fate: Fate,
): CallAbortedError {
  return new CallAbortedError(`The call of ${method}() was ended by its caller.`, {
    fate,
    method,
    cause,
    ...(record && { typeid: record.typeid, objectId: record.id }),
  });
}

/** What went wrong before anything was sent: the caller's own error, with the fate that it cannot have run. */
export function notSent(error: unknown, method: string, record: ObjectRecord | undefined): unknown {
  if (!(error instanceof ManagerError)) return error;
  return Object.assign(error, {
    fate: error.fate ?? 'not-executed',
    method: error.method ?? method,
    ...(record && { typeid: error.typeid ?? record.typeid, objectId: error.objectId ?? record.id }),
  });
}
