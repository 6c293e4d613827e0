import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SharedType, type SharedProxy } from '../definition/index.js';
import { decodeFrame } from '../protocol/decode-frame.suite.js';
import { AuthenticationError, DEFAULT_LIMITS, encodeFrame, FrameKind, SessionExpiredError } from '../protocol/index.js';
import type { FrameHeader } from '../protocol/index.js';
import { Authenticator, newNonce } from '../link/index.js';
import { silentLogger, type ManagerServer } from '../server/index.js';
import type { Lane, Transport } from '../transport/index.js';
import { deferred, failure, House, turns, until, type Line } from './house.suite.js';
import type { Manager } from './index.js';

@SharedType()
class Safe {
  static calls = 0;
  static gate = deferred();
  open(): number {
    return ++Safe.calls;
  }
  async openLater(): Promise<number> {
    const { gate } = Safe;
    await gate.promise;
    return this.open();
  }
}

const KEY = 'a key of thirty-two bytes, or so.';
const LEASE = 400;

interface Written {
  owner: string;
  lane: Lane;
  bytes: Uint8Array;
  header: FrameHeader;
}

/** Remembers what goes over a line. */
function tap(line: Line): Written[] {
  const written: Written[] = [];
  line.fortune = (owner, lane, bytes) => {
    written.push({ owner, lane, bytes: Buffer.from(bytes), header: headerOf(bytes) });
    return 'arrives';
  };
  return written;
}

function headerOf(bytes: Uint8Array): FrameHeader {
  let found: FrameHeader | undefined;
  decodeFrame(
    bytes,
    (header) => ((found = header), null),
    () => undefined,
    DEFAULT_LIMITS,
  );
  return found as FrameHeader;
}

describe('where there is an authkey, a stranger who reads and writes everything', () => {
  let house: House;
  let outside: Transport;
  let server: ManagerServer;
  let serverLine: Line;
  let fromServer: Written[];
  let line: Line;
  let fromClient: Written[];
  let manager: Manager;
  let safe: SharedProxy<Safe>;
  const logged: string[] = [];

  beforeEach(async () => {
    Safe.calls = logged.length = 0;
    Safe.gate = deferred();
    house = new House();
    outside = house.medium.connect();
    await outside.open();
    serverLine = house.line();
    fromServer = tap(serverLine);
    server = await house.server([Safe], { lease: LEASE, authkey: KEY, transport: serverLine, logger: noting });
    line = house.line();
    fromClient = tap(line);
    manager = house.manager({ transport: line, authkey: KEY });
    safe = await manager.create(Safe);
    expect(await safe.open()).toBe(1);
  });
  afterEach(() => house.close());

  const noting = { ...silentLogger, warn: (text: string): void => void logged.push(text) };
  const sessionOf = (written: Written[]): string =>
    written.find(({ header }) => header[0] === FrameKind.hello)?.header[1] as string;
  const inboxOf = (name: string, { identity }: ManagerServer): string => `s-${name}-${identity.generation}`;
  const beat = (session: string): Uint8Array => encodeFrame([FrameKind.beat, session, 0, 0, 0, 0, 1, 0], []);
  const stranger = async (owner: string, lane: Lane, bytes: Uint8Array): Promise<void> => {
    expect(await outside.write(owner, lane, bytes)).toBe(true);
  };

  it('cannot have another server say that a session is not known', async () => {
    const otherLine = house.line();
    const fromOther = tap(otherLine);
    const other = await house.server([Safe], { name: 'other', lease: LEASE, authkey: KEY, transport: otherLine });
    // Anything in the session's name, and what the client really sent.
    const session = sessionOf(fromClient);
    await stranger(inboxOf('other', other), 'beats', beat(session));
    for (const { bytes, lane } of [...fromClient]) await stranger(inboxOf('other', other), lane, bytes);
    await until(() => fromOther.some(({ header }) => header[0] === FrameKind.ended && header[1] === session));
    await turns(20);
    expect(await safe.open()).toBe(2);
    expect(server.sessions).toBe(1);
  });

  it('cannot have the server say so of a session that is yet to come', async () => {
    const next = sessionOf(fromClient).replace(/1$/, '2');
    await stranger(inboxOf('default', server), 'beats', beat(next));
    const said = (): Written | undefined =>
      fromServer.find(({ header }) => header[0] === FrameKind.ended && header[1] === next);
    await until(said);
    // The first session ends, honestly.
    line.cut();
    await until(() => server.sessions === 0);
    line.mend();
    await failure(safe.open());
    const again = await manager.create(Safe);
    const { owner, bytes } = said() as Written;
    for (const lane of ['frames', 'beats'] as const) await stranger(owner, lane, bytes);
    await turns(20);
    expect(await again.open()).toBe(2);
    expect(manager.token(again)).toBeDefined();
  });

  it('cannot keep a session from opening by what was said of it before', async () => {
    const next = sessionOf(fromClient).replace(/1$/, '2');
    await stranger(inboxOf('default', server), 'beats', beat(next));
    const said = (): Written | undefined =>
      fromServer.find(({ header }) => header[0] === FrameKind.ended && header[1] === next);
    await until(said);
    const { owner, bytes } = said() as Written;
    const other = await house.server([Safe], { name: 'other', lease: LEASE, authkey: KEY });
    line.fortune = (to, lane) => {
      // Before the answer to each hello.
      if (to === inboxOf('other', other)) void outside.write(owner, lane, bytes);
      return 'arrives';
    };
    expect(await (await manager.at('other').create(Safe)).open()).toBe(2);
  });

  it('does not keep a client from hearing that its session was forgotten', async () => {
    line.cut();
    await until(() => server.sessions === 0);
    // Longer than ended sessions are remembered.
    await new Promise((resolve) => setTimeout(resolve, LEASE * 5));
    line.mend();
    tap(line);
    const error = await failure(safe.open());
    expect(error).toBeInstanceOf(SessionExpiredError);
    expect(error['fate']).toBe('not-executed');
    expect(await (await manager.create(Safe)).open()).toBe(2);
  });

  it('cannot end a session early by a hello while its server closes', async () => {
    const hello = fromClient.find(({ header }) => header[0] === FrameKind.hello) as Written;
    const call = safe.openLater();
    await turns();
    const closing = server.close();
    for (let i = 0; i < 10; i++) await stranger(hello.owner, hello.lane, hello.bytes);
    await turns(20);
    Safe.gate.resolve();
    expect(await call).toBe(2);
    await closing;
  });

  it('has no answers sent again by repeating what was missed once', async () => {
    // What the server sends is lost, and the client asks for it.
    let [lost, sent] = [true, 0];
    serverLine.fortune = (_owner, _lane, bytes) => {
      if (headerOf(bytes)[0] !== FrameKind.data) return 'arrives';
      sent++;
      return lost ? 'lost' : 'arrives';
    };
    const call = safe.open();
    const gap = (): Written | undefined => fromClient.find(({ header }) => header[0] === FrameKind.gap);
    await until(gap);
    const { owner, lane, bytes } = gap() as Written;
    await until(() => sent > 1);
    const before = sent;
    for (let i = 0; i < 50; i++) await stranger(owner, lane, bytes);
    await turns(20);
    expect(sent - before).toBeLessThan(5);
    lost = false;
    expect(await call).toBe(2);
  });

  it('learns nothing and does nothing as a server that he announces himself', async () => {
    const claim = '9999999999:bm9uY2U:evil';
    const heard: Uint8Array[] = [];
    await outside.openInbox(
      's-evil-9999999999',
      { ttl: 60_000 },
      {
        deliver: (_lane, deliveries) => heard.push(...deliveries.map(({ bytes }) => bytes)),
        drained: () => undefined,
        restarted: () => undefined,
      },
    );
    const entry = { generation: 9_999_999_999, claim, inbox: 's-evil-9999999999', types: ['Safe'], objects: -1 };
    await outside.claims.announce('evil', JSON.stringify(entry));
    await outside.claims.compareAndSet({ kind: 'server', tag: 'evil' }, null, claim, 60_000);
    const fresh = house.manager({ authkey: KEY, timeout: 3000 });
    const made = failure(fresh.at('evil').create(Safe));
    await until(() => heard.length > 0);
    const [, session] = headerOf(heard[0] as Uint8Array);
    const summary = { typeid: 'Safe', methods: ['open', '__proto__', 'constructor'], waits: [] };
    const said = {
      version: 1,
      generation: 9_999_999_999,
      lease: 30_000,
      allowance: { calls: 100, bytes: 1e6 },
      messageBytes: 1e6,
      types: [summary],
    };
    const inbox = session.slice(0, session.indexOf('.'));
    const stolen = fromServer.find(({ header }) => header[0] === FrameKind.welcome)?.header[2] as { nonce: string };
    for (const nonce of [undefined, 'nonce', stolen.nonce]) {
      const header = [FrameKind.welcome, session, { ...said, ...(nonce && { nonce }) }] as unknown as FrameHeader;
      await stranger(inbox, 'frames', encodeFrame(header, []));
      await stranger(
        inbox,
        'frames',
        encodeFrame(header, [], () => Buffer.alloc(16)),
      );
      await stranger(
        inbox,
        'frames',
        encodeFrame(header, [], () => Buffer.alloc(0)),
      );
    }
    expect(await made).toBeInstanceOf(AuthenticationError);
    expect(heard.every((bytes) => headerOf(bytes)[0] === FrameKind.hello)).toBe(true);
    expect(Safe.calls).toBe(1);
  });

  it('finds the key in nothing that is shown', async () => {
    const auth = new Authenticator([KEY, 'a second key of enough bytes']);
    const seal = auth.current.session('s', { client: newNonce(), server: newNonce() }, 'client');
    const shown = [manager, server, auth, auth.current, seal, safe].map((each) =>
      inspect(each, { depth: 12, showHidden: true }),
    );
    const refused = await failure(house.manager({ authkey: `${KEY}!`, timeout: 3000 }).create(Safe));
    const texts = [
      ...shown,
      inspect(refused, { depth: 12, showHidden: true }),
      JSON.stringify([refused, auth]),
      ...logged,
    ];
    for (const text of texts) {
      for (const secret of [KEY, Buffer.from(KEY).toString('hex'), Buffer.from(KEY).toString('base64')]) {
        expect(text).not.toContain(secret);
      }
      expect(text).not.toMatch(/<Buffer/);
    }
  });
});
