import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SharedType, type SharedProxy } from '../definition/index.js';
import { decodeFrame } from '../protocol/decode-frame.suite.js';
import {
  DEFAULT_LIMITS,
  encodeFrame,
  encodeMessage,
  FrameKind,
  MessageKind,
  ProtocolError,
  ServerUnavailableError,
  SessionExpiredError,
  WireReference,
  type FrameHeader,
} from '../protocol/index.js';
import { silentLogger, type ManagerServer } from '../server/index.js';
import type { Transport } from '../transport/index.js';
import { failure, House, turns, until } from './house.suite.js';
import { sessionsOf, type Manager } from './manager.js';
import { RawPeer, type Outcome } from './raw-peer.suite.js';

/** What nobody may reach through the wire; whoever does is written down. */
const touched: string[] = [];

class Base {
  inherited(): string {
    return 'inherited';
  }
}

@SharedType({ exposed: ['open', 'echo', 'inherited', 'long', 'fail', 'make'], waits: ['long'] })
class Vault extends Base {
  static waiting = 0;
  field = 'field';
  get accessor(): string {
    touched.push('accessor');
    throw new Error('An accessor was read.');
  }
  set accessor(_value: string) {
    touched.push('setter');
  }
  open(): number {
    return 1;
  }
  echo(...values: unknown[]): unknown {
    return values[0];
  }
  fail(): void {
    throw new Error('x'.repeat(100_000));
  }
  make(): Vault {
    return new Vault();
  }
  long(): Promise<void> {
    Vault.waiting++;
    return new Promise(() => undefined);
  }
  hidden(): void {
    touched.push('hidden');
  }
  _private(): void {
    touched.push('_private');
  }
  onSharedDispose(): void {
    touched.push('disposed');
  }
}

const text = (value: string): Buffer => Buffer.concat([Buffer.from([0xa0 + value.length]), Buffer.from(value)]);
/** A node of a graph, and the place of one in another. */
const node = (code: number, ...content: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([0x91 + content.length, code]), ...content]);
const part = (index: number): Buffer => Buffer.from([0xd6, 0x0f, index >>> 24, index >>> 16, index >>> 8, index]);
const graph = (nodes: readonly Buffer[]): Buffer => {
  const head = Buffer.from([0xd4, 2, 0, 0xdd, 0, 0, 0, 0]);
  head.writeUInt32BE(nodes.length, 4);
  return Buffer.concat([head, ...nodes]);
};
/** The bytes of a call with one argument. */
const echo = (call: number, object: number, ...argument: Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from([0x97, 1, call, object]),
    text('echo'),
    Buffer.from([0x91]),
    ...argument,
    Buffer.from([0, 0xa0]),
  ]);

describe('a peer that has a session and lies', () => {
  let house: House;
  let server: ManagerServer;
  let honest: SharedProxy<Vault>;
  let peer: RawPeer;
  const logged: string[] = [];

  beforeEach(async () => {
    house = new House();
    logged.length = touched.length = Vault.waiting = 0;
    const note = (text: string): number => logged.push(text);
    server = await house.server([Vault], {
      lease: 2000,
      logger: { ...silentLogger, warn: note, error: (text, stack) => note(`ERROR ${text} ${stack ?? ''}`) },
    });
    honest = (await house.manager().create(Vault)) as SharedProxy<Vault>;
    peer = await RawPeer.open(house.medium, server);
  });
  afterEach(async () => {
    try {
      // Nobody else was touched.
      expect(await honest.open()).toBe(1);
      expect(server.closing).toBe(false);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      expect(logged.filter((line) => line.startsWith('ERROR'))).toEqual([]);
    } finally {
      await house.close();
      await peer.transport.close();
    }
  });

  const refused = (outcome: Outcome, type: string): void => {
    expect({ name: outcome.error?.name, fate: outcome.fate, ended: peer.ended }).toEqual({
      name: type,
      fate: 'not-executed',
      ended: undefined,
    });
  };
  const ends = async (): Promise<void> => {
    await until(() => peer.ended);
    expect(peer.ended).toBe('protocol');
  };

  describe('about objects', () => {
    it('is refused what it does not hold, by call and as an argument', async () => {
      const mine = await peer.create('Vault');
      for (const id of [1, mine.id + 1, -1, 0.5, Number.NaN, 2 ** 53, Infinity]) {
        refused(await peer.call(id, 'open', []), 'ObjectLostError');
      }
      refused(await peer.call(mine.id, 'echo', [new WireReference('Vault', 1, 0)]), 'ObjectLostError');
      refused(await peer.call(0, 'ticket', [new WireReference('Vault', 1, 0), 1000, 1]), 'ObjectLostError');
      expect((await peer.call(mine.id, 'open', [])).value).toBe(1);
    });

    it('reaches nothing that is not exposed', async () => {
      const { id } = await peer.create('Vault');
      const names = [
        'accessor',
        'field',
        'hidden',
        '_private',
        'onSharedDispose',
        'constructor',
        '__proto__',
        'prototype',
      ];
      const more = [
        'toString',
        'valueOf',
        'hasOwnProperty',
        '__defineGetter__',
        'then',
        'toJSON',
        '',
        ' open',
        'open\0',
        '1',
      ];
      for (const name of [...names, ...more]) refused(await peer.call(id, name, []), 'MethodNotExposedError');
      for (const name of [...names, ...more]) refused(await peer.call(0, name, []), 'MethodNotExposedError');
      expect((await peer.call(id, 'inherited', [])).value).toBe('inherited');
      expect(touched).toEqual([]);
    });

    it('finds no verb of the server but those of the protocol', async () => {
      const verbs = ['shutdown', 'close', 'listen', 'register', 'eval', 'incref', 'decref', 'accept_connection'];
      for (const verb of verbs) refused(await peer.call(0, verb, []), 'MethodNotExposedError');
      expect((await peer.call(0, 'ping', [])).error).toBeUndefined();
    });

    it('frees nothing of others by releases of what it was never granted', async () => {
      const { id, grant } = await peer.create('Vault');
      const releases = [
        [id + 1, 1],
        [1, 1],
        [1, 1e9],
        [0, 0],
        [-1, -1],
        [2 ** 53 - 1, 2 ** 53 - 1],
        [id, grant - 1],
        [id, -1],
      ];
      await peer.send(...releases.map(([object, upTo]) => [MessageKind.release, object, upTo]));
      expect((await peer.call(id, 'open', [])).value).toBe(1);
      expect(server.table.size).toBe(2);
      // A grant from the future gives back what there is, and nothing that comes later.
      await peer.send([MessageKind.release, id, 2 ** 50]);
      refused(await peer.call(id, 'open', []), 'ObjectLostError');
      const next = await peer.create('Vault');
      expect((await peer.call(next.id, 'open', [])).value).toBe(1);
    });

    it('leaves nothing behind by calls of one number', async () => {
      const { id } = await peer.create('Vault');
      await peer.send([MessageKind.call, 50, id, 'long', [], 0, ''], [MessageKind.call, 50, id, 'long', [], 0, '']);
      await ends();
      expect(Vault.waiting).toBe(1);
    });
  });

  describe('in messages that are none', () => {
    const call = MessageKind.call;
    it.each<[string, unknown[]]>([
      ['of no kind', [99]],
      ['of a kind that only servers send', [MessageKind.result, 1, 1]],
      ['empty but for a kind', [call]],
      ['a call without a number', [call, 'x', 0, 'ping', [], 0, '']],
      ['a call whose number is none', [call, Number.NaN, 0, 'ping', [], 0, '']],
      ['a call with half a number', [call, 1.5, 0, 'ping', [], 0, '']],
      ['a call of no object', [call, 1, '0', 'ping', [], 0, '']],
      ['a call of no method', [call, 1, 0, ['ping'], [], 0, '']],
      ['a call with arguments that are no list', [call, 1, 0, 'ping', { length: 1 }, 0, '']],
      ['a call with a timeout that is none', [call, 1, 0, 'ping', [], '5', '']],
      ['a call with a timeout that ended long ago', [call, 1, 0, 'ping', [], -5, '']],
      ['a call with a timeout that no timer can wait for', [call, 1, 0, 'ping', [], 1e300, '']],
      ['a call with a task that is none', [call, 1, 0, 'ping', [], 0, {}]],
      ['a call with a task of a megabyte', [call, 1, 0, 'ping', [], 0, 'x'.repeat(1_000_000)]],
      ['a call with a task that breaks the line', [call, 1, 0, 'ping', [], 0, 'a\nb']],
      ['a release of no object', [MessageKind.release, 'x', 1]],
      ['a release of no grant', [MessageKind.release, 1, Number.NaN]],
      ['a cancel of no call', [MessageKind.cancel, null]],
      ['an unwanted of no call', [MessageKind.unwanted, []]],
    ])('ends its session: %s', async (_what, message) => {
      await peer.send(message);
      await ends();
    });

    it('ends its session by a message that is not even an array, and by bytes that are none', async () => {
      await peer.body(Buffer.from('c0', 'hex'));
      await ends();
    });

    it('is heard once in cancels, unwanteds and goodbyes of what is over', async () => {
      const { id } = await peer.create('Vault');
      const stale = [1, 2, 3, 1e9, -1].flatMap((n) => [
        [MessageKind.cancel, n],
        [MessageKind.unwanted, n],
      ]);
      await peer.send(...stale);
      expect((await peer.call(id, 'open', [])).value).toBe(1);
      await peer.send(
        [MessageKind.bye, 'superseded'],
        [MessageKind.bye, {}],
        [MessageKind.call, 9, 0, 'ping', [], 0, ''],
      );
      await until(() => server.sessions === 1);
    });
  });

  describe('about what it may have under way', () => {
    it('loses its session for acknowledgements of what was never sent', async () => {
      await peer.header('frames', [2, peer.session, 0, 1e6, 0, 0]);
      await ends();
    });

    it('loses its session for calls beyond its credit', async () => {
      const { id } = await peer.create('Vault');
      const calls = Array.from({ length: 9000 }, (_, i) => [MessageKind.call, 10 + i, id, 'long', [], 0, '']);
      // Those that wait give their credit back, up to their own bound.
      await peer.send(...calls.slice(0, 8000));
      peer.calls = 10_000;
      const other = (await peer.create('Vault')).id;
      await peer.send(
        ...Array.from({ length: 9000 }, (_, i) => [MessageKind.call, 20_000 + i, other, 'nothing', [], 0, '']),
      );
      await until(() => peer.ended);
    });

    it('breaks nothing by numbers at their ends', async () => {
      const most = Number.MAX_SAFE_INTEGER;
      for (const number of [most, -most, 0, -1]) {
        await peer.header('frames', [1, peer.session, number, 0, 0, 0, 0]);
        await peer.header('frames', [2, peer.session, number, 0, number, number]);
        await peer.header('beats', [3, peer.session, number, 0]);
        await peer.header('beats', [7, peer.session, 0, 0, number, number, 0, number]);
      }
      await turns();
      expect(peer.ended).toBeUndefined();
      expect((await peer.call(0, 'ping', [])).value).toBe(true);
    });
  });

  describe('in what it says of itself', () => {
    it.each([0, 1, 64, 511])('cannot have answers of at most %s bytes: it is refused', async (messageBytes) => {
      const other = await RawPeer.open(house.medium, server, { hello: { messageBytes } });
      await other.call(0, 'ping', []);
      await other.call(0, '__proto__', []);
      expect(other.ended).toBe('refused');
      await other.transport.close();
    });

    it('gets an error that fits, however small its answers are', async () => {
      const other = await RawPeer.open(house.medium, server, { hello: { messageBytes: 512 } });
      const { id } = await other.create('Vault');
      expect((await other.call(id, 'fail', [])).error?.name).toBe('PayloadTooLargeError');
      await other.transport.close();
    });

    it('writes no lines of its own into the log', async () => {
      const forged = 'raw\n[Nest] 1  ERROR everything is lost\u001b[2J';
      const other = new RawPeer(house.medium, server);
      await other.listen();
      await other.hello({ application: forged });
      await other.hello({ host: forged });
      await other.header('frames', [9, forged]);
      await other.header('frames', [{ toString: 1 }, forged]);
      await other.header('frames', ['x'.repeat(1_000_000), 's']);
      await peer.send([99]);
      await ends();
      await turns();
      expect(other.welcomed).toBe(false);
      for (const line of logged) {
        expect(line).not.toMatch(/\p{Cc}/u);
        expect(line.length).toBeLessThan(500);
      }
      await other.transport.close();
    });

    it('is told of once a second at most, however many of its sessions break', async () => {
      const since = performance.now();
      for (let i = 0; i < 50; i++) {
        const other = await RawPeer.open(house.medium, server);
        await other.send([99]);
        await until(() => other.ended);
        await other.transport.close();
      }
      await peer.send([99]);
      await ends();
      expect(logged.length).toBeLessThanOrEqual(1 + (performance.now() - since) / 1000);
    });
  });

  describe('in arguments', () => {
    it('gets errors it can read for names of a megabyte', async () => {
      const huge = '\0'.repeat(1024 * 1024);
      const { id } = await peer.create('Vault');
      refused(await peer.call(id, huge, []), 'MethodNotExposedError');
      refused(await peer.call(0, huge, []), 'MethodNotExposedError');
      refused(await peer.call(0, 'create', [huge, []]), 'TypeNotRegisteredError');
      refused(await peer.call(0, 'get', ['Vault', huge, []]), 'ConfigurationError');
    });

    it('is refused names that no application may give', async () => {
      for (const name of ['', 'a\nb', 'a\0b', '\ud800', 'x'.repeat(201), 5, null, ['a']]) {
        refused(await peer.call(0, 'get', ['Vault', name, []]), 'ConfigurationError');
        refused(await peer.call(0, 'unlink', ['Vault', name]), 'ConfigurationError');
        refused(await peer.call(0, 'attach', ['Vault', name, 1]), 'ConfigurationError');
      }
      for (const name of ['}', '{a}', '{}', 'a:b', '%', '*', 'a b', '../x', '__proto__', 'constructor']) {
        expect((await peer.call(0, 'get', ['Vault', name, []])).value).toHaveProperty('object');
        expect((await peer.call(0, 'unlink', ['Vault', name])).value).toBe(true);
      }
      for (const typeid of ['vault', 'Vault\0', '__proto__', 'constructor', '}', '']) {
        const type = typeid === '' ? 'ConfigurationError' : 'TypeNotRegisteredError';
        refused(await peer.call(0, 'get', [typeid, 'a', []]), type);
        refused(await peer.call(0, 'unlink', [typeid, 'a']), type);
        refused(await peer.call(0, 'create', [typeid, []]), type);
      }
    });

    it('is refused verbs with rubbish', async () => {
      const rubbish = [
        undefined,
        null,
        'x',
        5,
        [],
        {},
        new Map(),
        'x'.repeat(1_000_000),
        new Uint8Array(1_000_000),
        Number.NaN,
      ];
      for (const one of rubbish) {
        const got = await Promise.all([
          peer.call(0, 'create', [one]),
          peer.call(0, 'ticket', [one, one, one]),
          peer.call(0, 'get', ['Vault', 'a', one, one]),
          peer.call(0, 'debugInfo', [one, one]),
          peer.call(0, 'debugInfo', [{ id: one, holders: one }, 10]),
        ]);
        const [, , , page, position] = got;
        expect(page?.error?.name).toBe('ConfigurationError');
        expect(position?.error?.name).toBe(one === 5 ? undefined : 'ConfigurationError');
        for (const [number, secret] of [
          [one, one],
          [1, one],
          [one, new Uint8Array(16)],
        ]) {
          expect((await peer.call(0, 'redeem', [number, secret])).error?.name).toBe('TicketInvalidError');
        }
        expect(peer.ended).toBeUndefined();
      }
    });

    it('gets its data back as data, whatever its names are', async () => {
      const { id } = await peer.create('Vault');
      const value = JSON.parse(
        '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"then":1}',
      ) as object;
      const { value: back } = await peer.call(id, 'echo', [value]);
      expect(Object.keys(back as object)).toEqual(['__proto__', 'constructor', 'then']);
      expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    });

    it('cannot keep the server busy by errors that stand within errors many times over', async () => {
      const { id } = await peer.create('Vault');
      // Each level has the next one twice: of a few bytes a level, and 2 ** levels ways to the last.
      const levels = Array.from({ length: 31 }, (_, level) => {
        const at = level * 3;
        const error = node(
          1,
          text('type'),
          text('E'),
          text('name'),
          text('E'),
          text('message'),
          text(''),
          text('errors'),
          part(at + 1),
        );
        return [error, node(0, part(at + 2), part(at + 2)), node(1, text('error'), part(at + 3))];
      });
      const last = node(1, text('type'), text('E'), text('name'), text('E'), text('message'), text(''));
      const since = performance.now();
      await peer.body(echo(++peer.calls, id, Buffer.from([0xd4, 5, 0]), graph([...levels.flat(), last])));
      await peer.answer(peer.calls);
      expect(performance.now() - since).toBeLessThan(1000);
    });

    it('cannot keep the server busy by regular expressions that take long to make', async () => {
      const { id } = await peer.create('Vault');
      // Each takes a tenth of a second or so; as large ones, or as many.
      const slow = Array.from({ length: 200 }, (_, i) => {
        const source = Buffer.from(`${i}[${'\\p{RGI_Emoji}'.repeat(100)}]`);
        return Buffer.concat([
          Buffer.from([0xd4, 0x0a, 0, 0x92, 0xda, source.length >> 8, source.length & 255]),
          source,
          text('v'),
        ]);
      });
      const since = performance.now();
      await peer.body(echo(++peer.calls, id, Buffer.from([0xdc, 0, slow.length]), ...slow));
      await ends();
      expect(performance.now() - since).toBeLessThan(3000);
    });

    it('cannot send what is nested deeper than anything may be in the form of a table of its parts', async () => {
      const { id } = await peer.create('Vault');
      const chain = Array.from({ length: 100_000 }, (_, i) => (i < 99_999 ? node(0, part(i + 1)) : node(0)));
      await peer.body(echo(++peer.calls, id, graph(chain)));
      await ends();
    });
  });
});

describe('a server that lies, or who writes in its name where there is no authkey,', () => {
  let house: House;
  let manager: Manager;
  let vault: SharedProxy<Vault>;
  let outside: Transport;
  let session: string;
  /** Number of the last frame of the server. */
  let said: number;

  beforeEach(async () => {
    house = new House();
    const line = house.line();
    said = 0;
    line.fortune = (_owner, _lane, bytes) => {
      decodeFrame(
        bytes,
        (header) => {
          session = header[1];
          if (header[0] === FrameKind.data) said = Math.max(said, header[2]);
          return null;
        },
        () => undefined,
        DEFAULT_LIMITS,
      );
      return 'arrives';
    };
    outside = house.medium.connect();
    await outside.open();
    await house.server([Vault], { transport: line });
    manager = house.manager({ timeout: 2000 });
    vault = (await manager.create(Vault)) as SharedProxy<Vault>;
    await vault.open();
    await vault.open();
    await turns();
  });
  afterEach(() => house.close());

  /** The next frame that the server would send. */
  const say = async (...messages: readonly unknown[][]): Promise<void> => {
    const bodies = messages.map((message) => encodeMessage(message, DEFAULT_LIMITS));
    const header: FrameHeader = [FrameKind.data, session, said + 1, 0, 1e6, 1e9, 0];
    await outside.write(session.slice(0, session.indexOf('.')), 'frames', encodeFrame(header, bodies));
  };
  /** The number of the call that was made last. */
  const made = 4;

  it.each([[{}], [''], [0], [null], ['nonsense'], [{ toString: 1 }]])(
    'says goodbye for the reason %j: what waits fails, and a new session is opened',
    async (reason) => {
      const waiting = failure(vault.long());
      await turns();
      await say([MessageKind.bye, reason]);
      expect(await waiting).toBeInstanceOf(SessionExpiredError);
      expect(await failure(vault.open())).toBeInstanceOf(SessionExpiredError);
      expect(await (await manager.create(Vault)).open()).toBe(1);
    },
  );

  it('is told apart from one that knows what became of a call', async () => {
    const waiting = failure(vault.long());
    await turns();
    await say([MessageKind.error, made, { error: { type: 'E', name: 'E', message: 'no' } }, { polluted: true }]);
    const error = await waiting;
    expect(error['fate'] ?? 'unknown').toBe('unknown');
  });

  it('gives references of types that there are not: that call fails, and no other', async () => {
    const waiting = failure(vault.long());
    await turns();
    const bytes = Buffer.from('930504d4010093a3466f6f0901', 'hex');
    const header: FrameHeader = [FrameKind.data, session, said + 1, 0, 1e6, 1e9, 0];
    await outside.write(session.slice(0, session.indexOf('.')), 'frames', encodeFrame(header, [bytes]));
    expect(await waiting).toBeInstanceOf(ProtocolError);
  });

  it('tells of members that no proxy may have: none of them is there', async () => {
    const claim = '9999999999:bm9uY2U:evil';
    const inbox = 's-evil-9999999999';
    const methods = ['__proto__', 'constructor', 'then', 'toString', 'valueOf', 'good'];
    const reader = {
      deliver: (_lane: string, [first]: readonly { bytes: Uint8Array }[]): void => {
        let header: FrameHeader | undefined;
        decodeFrame(
          (first as { bytes: Uint8Array }).bytes,
          (opened) => ((header = opened), null),
          () => undefined,
          DEFAULT_LIMITS,
        );
        if (header?.[0] !== FrameKind.hello) return;
        const allowance = { calls: 100, bytes: 1e6 };
        const types = [{ typeid: 'Vault', methods, waits: methods }];
        const welcome = { version: 1, generation: 9_999_999_999, lease: 3000, allowance, messageBytes: 1e6, types };
        const to = header[2].inbox;
        void outside.write(to, 'frames', encodeFrame([FrameKind.welcome, header[1], welcome], []));
        const result = Buffer.from('930501d4010093a55661756c740901', 'hex');
        void outside.write(to, 'frames', encodeFrame([FrameKind.data, header[1], 1, 0, 1e6, 1e9, 0], [result]));
      },
      drained: (): void => undefined,
      restarted: (): void => undefined,
    };
    await outside.openInbox(inbox, { ttl: 60_000 }, reader);
    await outside.claims.announce(
      'evil',
      JSON.stringify({ generation: 9_999_999_999, claim, inbox, types: ['Vault'] }),
    );
    await outside.claims.compareAndSet({ kind: 'server', tag: 'evil' }, null, claim, 60_000);
    // Its answer comes before the question, which is no answer to it: the session stands all the same.
    const proxy = manager
      .at('evil')
      .create(Vault)
      .catch((error: unknown) => error);
    await until(() => manager.isProxy(proxy) || sessionsOf(manager).some(({ server }) => server === 'evil'));
    expect(({} as Record<string, unknown>)['good']).toBeUndefined();
    const evil = sessionsOf(manager)
      .find(({ server }) => server === 'evil')
      ?.type('Vault');
    expect(Object.getOwnPropertyNames(evil?.proxyClass.prototype)).toEqual(['constructor', 'good']);
  });
});

describe('a server without an authkey', () => {
  it('opens no more sessions than it may, and those that stand go on', async () => {
    const house = new House();
    const server = await house.server([Vault], { limits: { sessions: 3 } });
    const vault = await house.manager().create(Vault);
    const peers = [await RawPeer.open(house.medium, server), await RawPeer.open(house.medium, server)];
    const late = await RawPeer.open(house.medium, server);
    expect([late.welcomed, late.ended]).toEqual([false, 'overloaded']);
    const refused = await failure(house.manager({ timeout: 300 }).create(Vault));
    expect(refused).toMatchObject({ fate: 'not-executed', retryable: true });
    expect(await vault.open()).toBe(1);
    await (peers[0] as RawPeer).send([MessageKind.bye, 'closed']);
    expect(await (await house.manager().create(Vault)).open()).toBe(1);
    await house.close();
  });
});

describe('an application', () => {
  it('looks for a server once in a while, however many names of it somebody made it wait for', async () => {
    const house = new House();
    const line = house.line();
    let looks = 0;
    const { claims } = line;
    const announced = claims.announced.bind(claims);
    claims.announced = (): Promise<Map<string, string>> => (looks++, announced());
    const manager = house.manager({ transport: line, timeout: 600 });
    await manager.connect();
    const waiting = Array.from({ length: 200 }, (_, i) => failure(manager.at(`nobody${i}`).create('Vault')));
    for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(ServerUnavailableError);
    expect(looks).toBeLessThan(20);
    await house.close();
  });
});
