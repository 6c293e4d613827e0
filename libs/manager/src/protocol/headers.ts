import { isUint8Array } from 'node:util/types';
import { ProtocolError } from './errors.js';
import { END_REASONS, FrameKind, type FrameHeader } from './messages.js';
import { isName } from './names.js';

type Check = (value: unknown) => boolean;

const string: Check = (value) => typeof value === 'string';
const whole: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const finite: Check = (value) => Number.isFinite(value);
const ms: Check = (value) => typeof value === 'number' && value >= 0 && value < 2 ** 31;
const age: Check = (value) => Number.isFinite(value) && (value as number) >= 0;
const nonce: Check = (value) => typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
const bytes: Check = (value) => isUint8Array(value) && value.length < 256;
const reason: Check = (value) => (END_REASONS as readonly unknown[]).includes(value);
/** Of an inbox or a session. It is in logs and keys before anybody has proven anything. */
const id: Check = (value) => typeof value === 'string' && isId(value);
const allowance: Check = (value) => isRecord(value) && whole(value['calls']) && whole(value['bytes']);

const LONGEST_ID = 128;
/** By code: whether an id may have this character. */
const inIds = Array.from({ length: 128 }, (_, code) => /[\w.-]/.test(String.fromCharCode(code)));

/** In every frame, where a loop takes a fraction of what a regular expression does. */
export function isId(text: string): boolean {
  if (text.length === 0 || text.length > LONGEST_ID) return false;
  for (let i = 0; i < text.length; i++) if (inIds[text.charCodeAt(i)] !== true) return false;
  return true;
}

const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const strings: Check = (value) => Array.isArray(value) && value.every(string);

/** Further properties are allowed: a later version may say more. */
function record(fields: Record<string, Check>): Check {
  const checks = Object.entries(fields);
  return (value) => isRecord(value) && checks.every(([name, check]) => check(value[name]));
}

const type = record({ typeid: string, methods: strings, waits: strings });
const hello = record({
  version: whole,
  inbox: id,
  generation: whole,
  application: isName,
  host: isName,
  pid: whole,
  allowance,
  messageBytes: whole,
  nonce: optional(nonce),
  at: optional(finite),
});
const welcome = record({
  version: whole,
  generation: whole,
  lease: ms,
  allowance,
  messageBytes: whole,
  types: (value) => Array.isArray(value) && value.every(type),
  nonce: optional(nonce),
});

/** What follows the kind and the session, by kind. */
const shapes: readonly (readonly Check[] | undefined)[] = (() => {
  const list: (readonly Check[] | undefined)[] = [];
  list[FrameKind.data] = [whole, whole, whole, whole, age];
  list[FrameKind.ack] = [whole, whole, whole, whole];
  list[FrameKind.gap] = [whole, whole];
  list[FrameKind.hello] = [hello];
  list[FrameKind.welcome] = [welcome];
  list[FrameKind.ended] = [reason, string, whole, bytes];
  list[FrameKind.beat] = [whole, whole, whole, whole, whole, whole];
  return list;
})();

/** @throws ProtocolError where a value is no header: nothing beyond it is looked at then. */
export function checkHeader(value: unknown): FrameHeader {
  if (!Array.isArray(value)) throw new ProtocolError('A frame does not begin with a header');
  const kind: unknown = value[0];
  const shape = typeof kind === 'number' ? shapes[kind] : undefined;
  if (shape === undefined) {
    // What was sent is not repeated: it may be anything, of any length.
    throw new ProtocolError(`Unknown kind of frame ${typeof kind === 'number' ? kind : `(${typeof kind})`}`);
  }
  if (value.length < shape.length + 2 || !id(value[1])) throw malformed(kind);
  for (let i = 0; i < shape.length; i++) if (!shape[i]!(value[i + 2])) throw malformed(kind);
  return value as unknown as FrameHeader;
}

function malformed(kind: unknown): ProtocolError {
  return new ProtocolError(`Malformed header of a frame of kind ${String(kind)}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
