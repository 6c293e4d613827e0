import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { House, until } from '../../libs/manager/src/client/house.suite.js';
import { decodeFrame } from '../../libs/manager/src/protocol/decode-frame.suite.js';
import { DEFAULT_LIMITS, encodeFrame, FrameKind, MessageKind } from '../../libs/manager/src/protocol/index.js';
import type { FrameHeader, ReferenceScope } from '../../libs/manager/src/protocol/index.js';
import type { AnyProxy } from '../../libs/manager/src/definition/index.js';
import { RECORDED, type Kept } from './corpus.js';
import { Trap } from './traps.js';

const bare: ReferenceScope = { toWire: () => undefined, fromWire: () => undefined };
/** A frame larger than this is not worth its place. */
const LARGEST = 1500;

/** What a frame is: its kind, and those of the messages in it. */
export function nameOf(bytes: Uint8Array): string {
  const parts: string[] = [];
  let header: FrameHeader | undefined;
  decodeFrame(
    bytes,
    (opened) => ((header = opened), bare),
    (message) => parts.push(describe(message)),
    DEFAULT_LIMITS,
  );
  const kind = Object.entries(FrameKind).find(([, number]) => number === header?.[0])?.[0];
  const sealed = (bytes[0] ?? 0) > 0 ? ' sealed' : '';
  return `${kind}${header?.[0] === FrameKind.ended ? ` ${header[2]}` : ''}${sealed} ${[...new Set(parts)].join(' ')}`.trim();
}

function describe(message: unknown[]): string {
  const kind = Object.entries(MessageKind).find(([, number]) => number === message[0])?.[0] ?? 'none';
  return message[0] === MessageKind.call ? `${kind}-${String(message[3])}` : kind;
}

/** Plays a session in which everything is said that there is to say, and gives each kind of frame once. */
export async function record(authkey: string | undefined): Promise<Kept[]> {
  const house = new House();
  const found = new Map<string, Kept>();
  const lines = [house.line(), house.line()] as const;
  const [ofServer, ofClient] = lines;
  const note = (to: Kept['to'], bytes: Uint8Array): void => {
    const name = nameOf(bytes);
    const text = Buffer.from(bytes).toString('latin1');
    // Stacks have paths of the machine.
    if (bytes.length > LARGEST || text.includes('\n    at ') || found.has(`${to} ${name}`)) return;
    const inbox = /c-[\w-]{22}/.exec(text)?.[0] ?? RECORDED.inbox;
    // Of the same length: nothing else changes.
    const plain = text.replaceAll(inbox, RECORDED.inbox).replaceAll(hostname(), 'h'.repeat(hostname().length));
    found.set(`${to} ${name}`, { to, name, bytes: Buffer.from(plain, 'latin1') });
  };
  ofServer.fortune = (_owner, _lane, bytes) => (note('client', bytes), 'arrives');
  ofClient.fortune = (_owner, _lane, bytes) => (note('server', bytes), 'arrives');
  try {
    const { identity } = await house.server([Trap], { transport: ofServer, lease: 300, authkey });
    const manager = house.manager({ transport: ofClient, authkey });
    const trap = (await manager.create('Trap', 'recorded')) as AnyProxy &
      Record<string, (...args: unknown[]) => Promise<unknown>>;
    const call = (method: string, ...args: unknown[]): Promise<unknown> =>
      (trap[method] as (...all: unknown[]) => Promise<unknown>)(...args);
    await call('add', 5);
    const shared = { a: [1, 2.5, -0, 'é', '\ud800', null, undefined, true] };
    const values = [new Map([[shared, new Set([1n, 2n ** 70n])]]), new Date(0), /a+/gu, new Error('one', { cause: 2 })];
    for (const value of [...values, [shared, shared], Uint16Array.of(1, 2), Buffer.from('bytes'), Object('boxed')])
      await call('echo', value);
    // oxlint-disable-next-line no-sparse-arrays, unicorn/no-thenable -- a hole and a `then` are among the things that travel
    await call('echo', [, { __proto__: null, then: 1, '\udfff': 2 }]);
    const child = (await call('child')) as AnyProxy;
    await call('keep', [child]);
    const tail = (await call('tail', 3)) as AsyncIterable<unknown>;
    for await (const _ of tail);
    await call('fail', { a: 1 }).catch(() => undefined);
    const named = await manager.named('name', { keep: 'referenced' }).create('Trap', 'named');
    const ticket = await manager.ticket(named, { uses: 2 });
    await manager.release(await manager.redeem(ticket));
    await manager.debugInfo();
    await manager.numberOfObjects();
    await manager.release((await manager.find('Trap', 'name')) as AnyProxy);
    await manager.unlink('Trap', 'name');
    await manager.create('Missing').catch(() => undefined);
    const controller = new AbortController();
    const waiting = manager.with(trap, { signal: controller.signal }) as unknown as { wait(ms: number): Promise<void> };
    const aborted = waiting.wait(50).catch(() => undefined);
    await sleep(5);
    controller.abort();
    await aborted;
    await manager.release(child);
    // A frame that is lost is asked for.
    let lost = false;
    ofServer.fortune = (_owner, _lane, bytes) => {
      if (!lost && nameOf(bytes).startsWith('data')) return ((lost = true), 'lost');
      note('client', bytes);
      return 'arrives';
    };
    await call('add', 1);
    await until(() => [...found.keys()].some((name) => name.startsWith('server gap')));
    // A session that nobody knows, and one that broke a rule.
    const outside = house.medium.connect();
    await outside.open();
    await outside.write(
      `s-default-${identity.generation}`,
      'beats',
      encodeFrame([FrameKind.beat, 'c-nobody.1', 0, 0, 0, 0, 1, 0], []),
    );
    await until(() => [...found.keys()].some((name) => name.startsWith('client ended')));
    await manager.close();
  } finally {
    await house.close();
  }
  return [...found.values()];
}
