import { crc32 } from 'node:zlib';
import { ConfigurationError, TicketInvalidError } from './errors.js';

/** What a ticket says. Everything but the secret only says where to go and what will be there. */
export interface Ticket {
  readonly server: string;
  readonly generation: number;
  /** What a proxy of the object needs before the ticket is redeemed. */
  readonly typeid: string;
  readonly objectId: number;
  /** Counted by its server. */
  readonly number: number;
  /** 128 random bits: who does not know them redeems nothing. */
  readonly secret: Uint8Array;
}

/** How long a ticket is good, and how often. */
export interface TicketOptions {
  /** Ms until it expires, at most 2147483647. @default 60000 */
  ttl?: number;
  /** Redemptions that it is good for; `Infinity` for any number until it expires. @default 1 */
  uses?: number;
}

/** The version is part of the text: whoever meets a later one says so, and does not read it wrongly. */
const PREFIX = 'nmt1.';
export const SECRET_BYTES = 16;
const CHECK_BYTES = 4;
/** Far more than the longest name and typeid need; what is longer is not looked at. */
const MAX_LENGTH = 2048;
const TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a ticket: short, and without a character that a URL, a header or a shell would take for its own. */
export function formatTicket({ server, generation, typeid, objectId, number, secret }: Ticket): string {
  const body = Buffer.concat([
    text(server),
    text(typeid),
    integer(generation),
    integer(objectId),
    integer(number),
    secret,
  ]);
  return PREFIX + Buffer.concat([body, check(body)]).toString('base64url');
}

/**
 * What the text of a ticket says; white space around it is not looked at.
 *
 * @throws TicketInvalidError with the reason `damaged` for whatever is no ticket, or is one no more. The text is not
 * repeated in the error: it may be good for somebody.
 */
export function parseTicket(given: unknown): Ticket {
  if (typeof given !== 'string') throw damaged(`a ticket is a string, got ${given === null ? 'null' : typeof given}`);
  const trimmed = given.trim();
  if (trimmed.length > MAX_LENGTH) throw damaged(`it has ${trimmed.length} characters, which no ticket has`);
  if (!trimmed.startsWith(PREFIX)) throw damaged(`it does not begin with "${PREFIX}"`);
  const encoded = trimmed.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, 'base64url');
  const body = bytes.subarray(0, -CHECK_BYTES);
  // Decoding takes other characters too, and ignores the last bits: what is encoded so again is the only spelling.
  if (bytes.toString('base64url') !== encoded || !check(body).equals(bytes.subarray(body.length))) {
    throw damaged('a character of it was changed, added or lost');
  }
  const ticket = read(body);
  if (!ticket) throw damaged('it says nothing that can be read');
  return ticket;
}

/** Options of a ticket as they count. Both sides check them: the caller hears of it before anything is sent. */
export function checkTicketOptions(ttl: unknown, uses: unknown): Required<TicketOptions> {
  if (typeof ttl !== 'number' || !(ttl > 0 && ttl < 2 ** 31)) {
    throw refused(`The \`ttl\` of a ticket is a number of ms above 0, and at most 2147483647, got ${said(ttl)}.`);
  }
  if (typeof uses !== 'number' || !(uses === Infinity || (Number.isSafeInteger(uses) && uses > 0))) {
    throw refused(`The \`uses\` of a ticket are a whole number from 1 on, or Infinity, got ${said(uses)}.`);
  }
  return { ttl, uses };
}

function refused(message: string): ConfigurationError {
  return new ConfigurationError(message, { fate: 'not-executed' });
}

function said(value: unknown): string {
  return typeof value === 'number' ? String(value) : typeof value;
}

function damaged(what: string): TicketInvalidError {
  return new TicketInvalidError(`The ticket is damaged, or is none: ${what}.`, {
    reason: 'damaged',
    fate: 'not-executed',
  });
}

/** It tells damage from forgery, no more: a change of one character is always seen. */
function check(body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(CHECK_BYTES);
  bytes.writeUInt32BE(crc32(body));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([integer(bytes.length), bytes]);
}

/** Seven bits a byte, the least first; the eighth says that there is more. */
function integer(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

/** Undefined where the bytes do not hold exactly what a ticket says. */
function read(body: Buffer): Ticket | undefined {
  let at = 0;
  const integer = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = body[at++];
      if (byte === undefined || factor > 2 ** 49) throw new RangeError('no integer');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const text = (): string => {
    const length = integer();
    if (length > body.length - at) throw new RangeError('no text');
    return TEXT.decode(body.subarray(at, (at += length)));
  };
  try {
    const [server, typeid, generation, objectId, number] = [text(), text(), integer(), integer(), integer()];
    if (body.length - at !== SECRET_BYTES || server === '' || typeid === '') return undefined;
    const numbers = [generation, objectId, number];
    if (!numbers.every((value) => Number.isSafeInteger(value) && value > 0)) return undefined;
    return { server, typeid, generation, objectId, number, secret: Uint8Array.from(body.subarray(at)) };
  } catch {
    return undefined;
  }
}
