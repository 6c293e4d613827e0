import { readFileSync } from 'node:fs';
import { runInThisContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { RedisKeys } from '../transport/redis/redis-keys.js';
import { encodeFrame, encodeMessage } from './codec.js';
import { decodeFrame } from './decode-frame.suite.js';
import { ExtensionType, VIEW_CLASSES } from './extensions.js';
import { NodeCode } from './graph.js';
import { checkHeader } from './headers.js';
import { DEFAULT_LIMITS } from './limits.js';
import { FrameKind, MessageKind, PROTOCOL_VERSION, ServerVerb, type FrameHeader } from './messages.js';
import type { ReferenceScope } from './reference.js';
import { prepareValue } from './values.js';

// docs/reference/protocol.md says what this protocol is; whatever changes here changes there.

const page = readFileSync('docs/reference/protocol.md', 'utf8');
const source = readFileSync('libs/manager/src/protocol/messages.ts', 'utf8');

const none: ReferenceScope = { toWire: () => undefined, fromWire: () => undefined };

/** The rows of the table whose first column is headed so; each cell without the quotes of code. */
function table(heading: string): string[][] {
  const lines = page.split('\n');
  const cells = (line: string): string[] =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
  const start = lines.findIndex((line, index) => lines[index + 1]?.startsWith('| -') && cells(line)[0] === heading);
  if (start < 0) throw new Error(`docs/reference/protocol.md has no table "${heading}"`);
  const rows = lines.slice(start + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) => cells(line).map((cell) => /^`(.*)`$/.exec(cell)?.[1] ?? cell));
}

/** The first column, and a number in another one. */
function numbers(heading: string, column: number): Record<string, number> {
  return Object.fromEntries(table(heading).map((row) => [row[0], Number(row[column])]));
}

function names(heading: string): string[] {
  return table(heading).map(([name]) => name as string);
}

/** `kind, session, seq` of `readonly [kind: 1, session: string, seq: number]`, for each tuple in a piece of source. */
function labels(piece: string): string[] {
  return [...piece.matchAll(/readonly \[([^[\]]*(?:\[\][^[\]]*)*)\]/g)].map(([, fields]) =>
    [...(fields as string).matchAll(/(\w+)\??:/g)].map(([, label]) => label).join(', '),
  );
}

function typeSource(name: string): string {
  const [found] = new RegExp(`export type ${name} =.*?;$|export interface ${name} {.*?^}`, 'ms').exec(source) ?? [];
  if (found === undefined) throw new Error(`messages.ts has no ${name}`);
  return found;
}

function properties(name: string): string[] {
  return [...typeSource(name).matchAll(/^ {2}(\w+)\??:/gm)].map(([, property]) => property as string);
}

const unspaced = (hex: string): string => hex.replaceAll(' ', '');
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function hexOfValue(value: unknown): string {
  return hexOf(encodeMessage([prepareValue(value, none, DEFAULT_LIMITS)], DEFAULT_LIMITS)).slice(2);
}

function decode(frame: Buffer): { header: FrameHeader | undefined; messages: unknown[][] } {
  const messages: unknown[][] = [];
  let header: FrameHeader | undefined;
  decodeFrame(
    frame,
    (opened) => {
      header = opened;
      return none;
    },
    (message) => void messages.push(message),
    DEFAULT_LIMITS,
  );
  return { header, messages };
}

function decodeMessage(hex: string): unknown[] {
  const frame = encodeFrame([FrameKind.data, 's', 1, 0, 0, 0, 0], [Buffer.from(unspaced(hex), 'hex')]);
  return decode(Buffer.from(frame)).messages[0] as unknown[];
}

describe('the page of the protocol', () => {
  it('has the version', () => {
    expect(page).toContain(`Protocol version: \`${PROTOCOL_VERSION}\`.`);
  });

  it('has the frames, and what is in their headers', () => {
    expect(numbers('frame', 1)).toEqual(FrameKind);
    expect(table('frame').map((row) => row[2]?.slice(1, -1))).toEqual(labels(typeSource('FrameHeader')));
    const hello = Object.fromEntries(names('`hello`').map((name) => [name, 1]));
    const welcome = Object.fromEntries(names('`welcome`').map((name) => [name, 1]));
    const allowance = { calls: 1, bytes: 1 };
    checkHeader([FrameKind.hello, 's', { ...hello, inbox: 'c-', application: 'a', host: 'h', allowance, nonce: 'n' }]);
    checkHeader([FrameKind.welcome, 's', { ...welcome, allowance, types: [], nonce: 'n' }]);
    expect(names('`hello`')).toEqual(properties('Hello'));
    expect(names('`welcome`')).toEqual(properties('Welcome'));
  });

  it('has every reason for which a session ends', () => {
    const reasons = [...typeSource('EndReason').matchAll(/'([\w-]+)'/g)].map(([, reason]) => reason);
    expect(names('reason of `ended` and `bye`')).toEqual(reasons);
  });

  it('has the messages, and what is in them', () => {
    expect(numbers('message', 1)).toEqual(MessageKind);
    for (const [name, , array] of table('message')) {
      const type = `${(name as string)[0]?.toUpperCase()}${name?.slice(1)}Message`;
      expect({ name, labels: [array?.slice(1, -1)] }).toEqual({ name, labels: labels(typeSource(type)) });
    }
  });

  it('has the verbs of the server', () => {
    expect(names('verb')).toEqual(Object.values(ServerVerb));
  });

  it('has the extensions, the classes of views and the nodes of graphs', () => {
    expect(numbers('extension', 1)).toEqual(ExtensionType);
    const [, views] = /^The classes of `view`.*?: (.*?)\.$/ms.exec(page) ?? [];
    expect([...(views ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(VIEW_CLASSES);
    expect(numbers('node', 1)).toEqual(NodeCode);
  });

  it('has the keys', () => {
    const keys = new RedisKeys('namespace');
    expect(names('key')).toEqual([
      keys.inbox('inbox', 'frames'),
      keys.inbox('inbox', 'beats'),
      keys.claim({ kind: 'server', tag: 'server' }),
      keys.claim({ kind: 'name', tag: 'typeid:name' }),
      keys.generation,
      keys.directory,
    ]);
  });

  it('has the commands of the scripts', () => {
    const scripts = readFileSync('libs/manager/src/transport/redis/redis-scripts.ts', 'utf8');
    const used = new Set([...scripts.matchAll(/redis\.call\('(\w+)'/g)].map(([, command]) => command));
    expect(used.size).toBeGreaterThan(0);
    const listed = table('command').flatMap(([cell]) => (cell as string).match(/[A-Z]+/g) ?? []);
    expect(listed).toEqual(expect.arrayContaining([...used]));
  });
});

describe('examples of the page', () => {
  it.each(table('value'))('%s is %s', (expression, hex) => {
    const value: unknown = runInThisContext(`(${expression})`);
    expect(hexOfValue(value)).toBe(unspaced(hex as string));
    expect(hexOfValue(decodeMessage(`92 05 ${hex}`)[1])).toBe(unspaced(hex as string));
  });

  const [frame, ...messages] = table('in JavaScript').reverse();

  it.each(messages)('%s is %s', (expression, hex) => {
    const message = runInThisContext(expression as string) as unknown[];
    expect(hexOf(encodeMessage(message, DEFAULT_LIMITS))).toBe(unspaced(hex as string));
    expect(JSON.stringify(decodeMessage(hex as string))).toBe(JSON.stringify(message));
  });

  it('a frame', () => {
    const [expression, hex] = frame as string[];
    const { header, messages } = decode(Buffer.from(unspaced(hex as string), 'hex'));
    expect(JSON.stringify([header, ...messages])).toBe(JSON.stringify(runInThisContext(expression as string)));
  });
});
