import { ProtocolError } from './errors.js';
import { FrameKind, type FrameHeader } from './messages.js';

type Check = (value: unknown) => boolean;

const string: Check = (value) => typeof value === 'string';
const integer: Check = (value) => Number.isSafeInteger(value);
const finite: Check = (value) => Number.isFinite(value);
const allowance: Check = (value) => isRecord(value) && integer(value['calls']) && integer(value['bytes']);
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
  version: integer,
  inbox: string,
  generation: integer,
  application: string,
  host: string,
  pid: integer,
  allowance,
  messageBytes: finite,
  nonce: optional(string),
  at: optional(finite),
});
const welcome = record({
  version: integer,
  generation: integer,
  lease: finite,
  allowance,
  messageBytes: finite,
  types: (value) => Array.isArray(value) && value.every(type),
  nonce: optional(string),
});

/** What follows the kind and the session, by kind. */
const shapes: readonly (readonly Check[] | undefined)[] = (() => {
  const list: (readonly Check[] | undefined)[] = [];
  list[FrameKind.data] = [integer, integer, integer, integer, finite];
  list[FrameKind.ack] = [integer, integer, integer, integer];
  list[FrameKind.gap] = [integer];
  list[FrameKind.hello] = [hello];
  list[FrameKind.welcome] = [welcome];
  list[FrameKind.ended] = [string, string];
  list[FrameKind.beat] = [integer, integer, integer, integer, integer, integer];
  return list;
})();

/** @throws ProtocolError where a value is no header: nothing beyond it is looked at then. */
export function checkHeader(value: unknown): FrameHeader {
  if (!Array.isArray(value)) throw new ProtocolError('A frame does not begin with a header');
  const kind: unknown = value[0];
  const shape = typeof kind === 'number' ? shapes[kind] : undefined;
  if (shape === undefined) throw new ProtocolError(`Unknown kind of frame ${String(kind)}`);
  if (value.length < shape.length + 2 || typeof value[1] !== 'string') throw malformed(kind);
  for (let i = 0; i < shape.length; i++) if (!shape[i]!(value[i + 2])) throw malformed(kind);
  return value as unknown as FrameHeader;
}

function malformed(kind: unknown): ProtocolError {
  return new ProtocolError(`Malformed header of a frame of kind ${String(kind)}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
