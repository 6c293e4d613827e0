import { readdirSync, readFileSync } from 'node:fs';
import { FrameKind } from '../../libs/manager/src/protocol/index.js';
import type { Seen } from './frames.js';
import { packNumber } from './pack.js';

/** One input that is kept: what it is, where it went, and its bytes. */
export interface Kept {
  readonly name: string;
  readonly to: 'server' | 'client';
  readonly bytes: Buffer;
}

const FOLDER = new URL('corpus/', import.meta.url);
/** What stands in the files for the inbox and the session of the client. */
export const RECORDED = { inbox: 'c-recordedrecordedrecord', session: 'c-recordedrecordedrecord.1' };

/** Each file of `corpus/` has inputs, one a line: who it is for, what it is, and after a colon its bytes in hex. */
export function corpus(): Kept[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.txt'))
    .flatMap((file) => parse(readFileSync(new URL(file, FOLDER), 'utf8'), file));
}

function parse(text: string, file: string): Kept[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, to, name, hex] = /^(server|client) (.+): ([0-9a-f]+)$/.exec(line) ?? [];
      if (!to || !name || !hex) throw new Error(`${file} has a line that is none: ${line.slice(0, 80)}`);
      return { to: to as Kept['to'], name, bytes: Buffer.from(hex, 'hex') };
    });
}

/** A recorded frame as one of another session: a data frame as the one that comes next. */
export function rewritten(bytes: Buffer, { session, seq, generation }: Seen): Buffer {
  const at = bytes.indexOf(RECORDED.session);
  if (at < 1) return bytes;
  const id = Buffer.concat([
    Buffer.from(session.length < 32 ? [0xa0 + session.length] : [0xd9, session.length]),
    Buffer.from(session),
  ]);
  let rest = bytes.subarray(at + RECORDED.session.length);
  // The array of a header of seven, and the kind, stand before the head of the session's id.
  if (bytes[at - 3] === 0x97 && bytes[at - 2] === FrameKind.data) {
    rest = Buffer.concat([packNumber(seq), rest.subarray(numberLength(rest))]);
  }
  const frame = Buffer.concat([bytes.subarray(0, at - 1), id, rest]);
  const inbox = Buffer.from(session.slice(0, session.indexOf('.')));
  const again = frame.lastIndexOf(RECORDED.inbox);
  if (again > 0 && inbox.length === RECORDED.inbox.length) frame.set(inbox, again);
  const before = frame.indexOf('generation');
  if (before > 0 && frame[before + 10] === 0xce) frame.writeUInt32BE(generation, before + 11);
  return frame;
}

function numberLength(bytes: Buffer): number {
  return [1, 2, 3, 5][[0xcc, 0xcd, 0xce].indexOf(bytes[0] ?? 0) + 1] as number;
}
