import { setTimeout as sleep } from 'node:timers/promises';
import { House, turns } from '../../libs/manager/src/client/house.suite.js';
import type { Manager } from '../../libs/manager/src/client/index.js';
import { RawPeer } from '../../libs/manager/src/client/raw-peer.suite.js';
import type { ManagerServer } from '../../libs/manager/src/server/index.js';
import { builtInTypes } from '../../libs/manager/src/types/index.js';
import { shot } from './attack.js';
import { Dice } from './dice.js';
import { Eavesdropper } from './eavesdropper.js';
import { messagesTo } from './frames.js';
import { Honest } from './honest.js';
import { prototypes, ran, touched, Trap } from './traps.js';

/**
 * - `stranger`: there is an authkey, and a stranger without it writes to both ends of an honest session.
 * - `open`: there is none, and he does the same.
 * - `peers`: peers with sessions of their own send made-up messages in frames that are right.
 */
export type Mode = 'stranger' | 'open' | 'peers';

export interface Report {
  readonly frames: number;
  readonly calls: number;
  readonly sessions: number;
  readonly lines: number;
  /** Ms that the longest turn of the event loop took. */
  readonly longest: number;
  /** Bytes in use after it, less those before. */
  readonly heap: number;
  /** What must not be. */
  readonly wrong: readonly string[];
}

const LEASE = 600;
/** Frames of one turn of the event loop. */
const VOLLEY = 40;
const KEY = 'the key of those who are no strangers';
const TYPEIDS = ['Trap', 'list', 'dict', 'set', 'queue', 'event', 'lock', 'rlock', 'semaphore', 'condition', 'barrier'];
const METHODS = [
  ...[
    'add',
    'echo',
    'child',
    'keep',
    'tail',
    'fail',
    'wait',
    'push',
    'pop',
    'at',
    'indexOf',
    'sort',
    'extend',
    'set',
    'get',
  ],
  ...[
    'update',
    'popItem',
    'put',
    'getNowait',
    'acquire',
    'release',
    'notify',
    'toCopy',
    'pull',
    'next',
    'return',
    'throw',
  ],
  ...['insert', 'splice', 'union', 'remove', 'slice', 'clear', 'entries', 'abort', 'reset', 'shutdown'],
];

/** Fuzzes a server and an application over a medium in memory for so long, while others work on. */
export async function playInMemory(seed: number, mode: Mode, ms: number): Promise<Report> {
  const dice = new Dice(seed);
  // Jest maps every frame of every stack to its source, which takes longer than all else here.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 1;
  const house = new House();
  const lines: string[] = [];
  const wrong: string[] = [];
  const before = prototypes();
  const authkey = mode === 'stranger' ? KEY : undefined;
  const serverLine = house.line();
  const victimLine = house.line();
  const ear = new Eavesdropper(TYPEIDS, METHODS);
  serverLine.fortune = (owner, _lane, bytes) => {
    if (owner === ear.clientInbox) ear.heard('client', bytes);
    return 'arrives';
  };
  victimLine.fortune = (owner, _lane, bytes) => {
    ear.heard('server', bytes);
    [ear.serverInbox, ear.clientInbox] = [owner, ear.session.slice(0, ear.session.indexOf('.'))];
    return 'arrives';
  };
  const note = (text: string): void => void lines.push(text);
  const server = await house.server([Trap, ...builtInTypes()], {
    lease: LEASE,
    authkey,
    transport: serverLine,
    logger: {
      log: () => undefined,
      warn: note,
      error: (text, stack) => wrong.push(`logged as an error: ${text} ${stack ?? ''}`),
    },
  });
  // Of the same key, and nothing to do with the session: it may be had to say things about it.
  const otherLine = house.line();
  otherLine.fortune = serverLine.fortune;
  const other = await house.server([], { name: 'other', lease: LEASE, authkey, transport: otherLine });
  const bystander = house.manager({ authkey });
  const honest = new Honest(bystander, 'bystander', wrong);
  const victim = house.manager({ transport: victimLine, authkey, timeout: 2000 });
  const attacked = new Honest(victim, 'victim', mode === 'stranger' ? wrong : undefined);
  const working = [honest.work(), attacked.work()];
  await honest.started;
  await attacked.started;

  const heapBefore = await heap();
  const attackers =
    mode === 'peers'
      ? await peersOf(house, server, dice)
      : await stranger(house, ear, dice, `s-other-${other.identity.generation}`);
  const until = performance.now() + ms;
  const since = lines.length;
  let frames = 0;
  let sessions = 0;
  let longest = 0;
  while (performance.now() < until) {
    for (let i = 0; i < VOLLEY; i++) frames += attackers.fire();
    const fired = performance.now();
    await turns(1);
    longest = Math.max(longest, performance.now() - fired);
    sessions += await attackers.rest();
  }
  honest.stop();
  attacked.stop();
  await Promise.all(working);
  await attackers.stop();

  if (mode === 'stranger') {
    if (server.sessions !== 2) wrong.push(`${server.sessions} sessions stand, not those of the two who have the key`);
    const others = [...ran].filter(([name]) => name !== 'bystander' && name !== 'victim');
    if (others.length > 0) wrong.push(`calls of a stranger ran: ${JSON.stringify(others)}`);
  }
  for (const [name, { added }] of [
    ['bystander', honest],
    ['victim', attacked],
  ] as const) {
    const times = ran.get(name);
    if ((name === 'bystander' || mode === 'stranger') && times !== added)
      wrong.push(`${added} calls of the ${name} ran ${times} times`);
  }
  ran.clear();
  await victim.close();
  await settled(server, bystander, wrong);
  if (touched.length > 0) wrong.push(`reached what is not exposed: ${[...new Set(touched.splice(0))].join()}`);
  if (prototypes() !== before) wrong.push('a prototype that everything has was changed');
  const seconds = ms / 1000;
  const told = lines.length - since;
  // Two kinds of lines, of one of which ten may come at once.
  if (told > 2 * seconds + 15) wrong.push(`${told} lines were logged in ${seconds} s`);
  for (const line of lines)
    if (line.length > 1000 || /\p{Cc}/u.test(line)) wrong.push(`a line was forged: ${line.slice(0, 200)}`);
  const heapAfter = await heap();
  await house.close();
  Error.stackTraceLimit = stackTraceLimit;
  return {
    frames,
    calls: honest.calls + attacked.calls,
    sessions,
    lines: told,
    longest: Math.round(longest),
    heap: heapAfter - heapBefore,
    wrong,
  };
}

interface Attackers {
  /** Sends something; how many frames. */
  fire(): number;
  /** Between two volleys; how many sessions were opened. */
  rest(): Promise<number>;
  stop(): Promise<void>;
}

async function stranger(house: House, ear: Eavesdropper, dice: Dice, other: string): Promise<Attackers> {
  const outside = house.medium.connect();
  await outside.open();
  return {
    fire() {
      const made = shot(dice, ear);
      if (!made) return 0;
      const inbox = made.to === 'server' && dice.chance(0.1) ? other : made.inbox;
      void outside.write(inbox, made.lane, made.bytes);
      return 1;
    },
    rest: () => Promise.resolve(0),
    stop: () => outside.close(),
  };
}

async function peersOf(house: House, server: ManagerServer, dice: Dice): Promise<Attackers> {
  const open = async (): Promise<{ peer: RawPeer; ids: number[] }> => ({
    peer: await RawPeer.open(house.medium, server),
    ids: [0, 1, 2, 3],
  });
  const peers = await Promise.all([open(), open(), open()]);
  return {
    fire() {
      const { peer, ids } = dice.pick(peers);
      const { session, seq, taken: peerSeq } = peer;
      const known = { typeids: TYPEIDS, methods: METHODS, generation: 1, wild: 0.002 };
      const messages = messagesTo('server', dice, { session, seq, peerSeq, call: peer.calls + 1, ids, ...known });
      peer.calls += messages.length;
      void peer.body(...messages);
      return 1;
    },
    async rest() {
      let opened = 0;
      for (const [at, { peer, ids }] of peers.entries()) {
        const ended = peer.ended !== undefined;
        for (const [, , value] of peer.messages.splice(0)) {
          const id = (value as { id?: unknown } | null | undefined)?.id;
          if (typeof id === 'number' && !ids.includes(id)) ids.push(id);
        }
        while (ids.length > 20) ids.splice(4, 1);
        if (!ended && peer.calls < 20_000) continue;
        await peer.transport.close();
        peers[at] = await open();
        opened++;
      }
      return opened;
    },
    stop: async () => void (await Promise.all(peers.map(({ peer }) => peer.transport.close()))),
  };
}

/** After the leases of strangers, only what the bystander holds is there, and what strangers gave names to. */
async function settled(server: ManagerServer, bystander: Manager, wrong: string[]): Promise<void> {
  const until = performance.now() + LEASE * 5;
  const left = async (): Promise<unknown[]> => {
    const { servers } = await bystander.debugInfo();
    const objects = servers.flatMap(({ objects: all }) => all);
    for (const { typeid, name } of objects) if (name !== undefined) await bystander.unlink(typeid, name);
    return objects.filter(({ holders }) => !(holders.length === 1 && holders[0]?.application === 'application'));
  };
  let found: unknown[] = [];
  do {
    await sleep(50);
    found = await left();
  } while ((found.length > 0 || server.sessions > 1 || server.table.size > 1) && performance.now() < until);
  if (found.length > 0) wrong.push(`${found.length} objects are left: ${JSON.stringify(found.slice(0, 3))}`);
  if (server.sessions !== 1) wrong.push(`${server.sessions} sessions are left`);
  if (server.table.size !== 1) wrong.push(`${server.table.size} objects are left`);
}

/** Bytes in use, once nothing more can be collected. */
async function heap(): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await sleep(20);
    least = Math.min(least, process.memoryUsage().heapUsed);
  }
  return least;
}
