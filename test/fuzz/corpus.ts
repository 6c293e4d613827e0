import { readdirSync, readFileSync } from 'node:fs';

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

/** A recorded frame as one of another session. */
export function rewritten(bytes: Buffer, session: string): Buffer {
  const at = bytes.indexOf(RECORDED.session);
  if (at < 1) return bytes;
  const inbox = Buffer.from(session.slice(0, session.indexOf('.')));
  const id = Buffer.concat([
    Buffer.from(session.length < 32 ? [0xa0 + session.length] : [0xd9, session.length]),
    Buffer.from(session),
  ]);
  const frame = Buffer.concat([bytes.subarray(0, at - 1), id, bytes.subarray(at + RECORDED.session.length)]);
  const again = frame.indexOf(RECORDED.inbox);
  if (again > 0 && inbox.length === RECORDED.inbox.length) frame.set(inbox, again);
  return frame;
}
