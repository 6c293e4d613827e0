import type { Dice } from './dice.js';
import { NUMBERS, pack, packArray, packNumber, packTag, packText } from './pack.js';
import { NAMES, valueOf, type Surroundings } from './values.js';

/** What a stranger has seen of a session. */
export interface Seen extends Surroundings {
  readonly session: string;
  readonly generation: number;
  /** Numbers of the next frame and the next call that its end would send. */
  readonly seq: number;
  readonly call: number;
  /** What the peer has sent so far. */
  readonly peerSeq: number;
  readonly methods: readonly string[];
}

/** Ms. Those that are good are short, so that the end of a run need not wait. */
const TTLS = [1, 100, 300, 0, -1, 0.5, 2 ** 31, 1e300, Number.NaN, Infinity];
const VERBS = ['create', 'get', 'attach', 'find', 'unlink', 'ticket', 'redeem', 'numberOfObjects', 'debugInfo', 'ping'];
const REASONS = ['authkey', 'expired', 'unknown', 'closed', 'server-closed', 'superseded', 'protocol', 'refused', ''];

/** A frame without a MAC. */
export function unsealed(header: Buffer, ...bodies: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([0]), header, ...bodies]);
}

/** One of the numbers of a protocol: mostly the right one, else near it, else anything. */
function numberNear(dice: Dice, right: number, { wild }: Seen): Buffer {
  if (!dice.chance(wild)) return packNumber(right);
  return packNumber(dice.chance(0.5) ? right + dice.below(5) - 2 : dice.pick(NUMBERS));
}

/** The next data frame of a session, to a server or to a client, with messages made up. */
export function dataFrame(dice: Dice, to: 'server' | 'client', seen: Seen): Buffer {
  const { session, seq, peerSeq } = seen;
  const header = packArray([
    packNumber(1),
    packText(session),
    numberNear(dice, seq, seen),
    numberNear(dice, Math.max(0, peerSeq - dice.below(3)), seen),
    packNumber(1e9),
    packNumber(1e12),
    numberNear(dice, 0, seen),
  ]);
  return unsealed(header, ...messagesTo(to, dice, seen));
}

/** What may stand in such a frame. */
export function messagesTo(to: 'server' | 'client', dice: Dice, seen: Seen): Buffer[] {
  return Array.from({ length: 1 + dice.below(4) }, (_, at) =>
    to === 'server' ? clientMessage(dice, seen, seen.call + at) : serverMessage(dice, seen),
  );
}

/** Any other frame. */
export function controlFrame(dice: Dice, seen: Seen): Buffer {
  const { session, seq, peerSeq, generation } = seen;
  const near = (right: number): Buffer => numberNear(dice, right, seen);
  const id = packText(dice.chance(0.9) ? session : dice.pick([...NAMES, `${session}0`, 'c-x.1', 's-default-1.1']));
  const said = (): Buffer => (dice.chance(0.9) ? packText(dice.pick(NAMES)) : valueOf(dice, seen, 2));
  const allowance = pack({ calls: dice.pick(NUMBERS), bytes: dice.pick([1e6, ...NUMBERS]) });
  const object = (entries: Record<string, Buffer>): Buffer =>
    Buffer.concat([
      Buffer.from([0x80 + Object.keys(entries).length]),
      ...Object.entries(entries).flatMap(([key, value]) => [packText(key), value]),
    ]);
  switch (dice.below(7)) {
    case 0:
      return unsealed(packArray([packNumber(2), id, near(seq - 1), near(peerSeq), near(1e6), near(1e9)]));
    case 1:
      return unsealed(packArray([packNumber(3), id, near(seq), near(1)]));
    case 2:
      return unsealed(
        packArray([packNumber(7), id, near(seq - 1), near(peerSeq), near(1e6), near(1e9), near(1), near(1)]),
      );
    case 3:
      return unsealed(
        packArray([
          packNumber(6),
          id,
          packText(dice.pick([...REASONS, ...NAMES])),
          said(),
          near(generation),
          valueOf(dice, seen, 0),
        ]),
      );
    case 4: {
      const inbox = packText(dice.chance(0.8) ? session.slice(0, session.indexOf('.')) : dice.pick(NAMES));
      const fields = { version: near(1), inbox, generation: near(generation), application: said(), host: said() };
      const rest = { pid: near(1), allowance, messageBytes: near(1e6), nonce: said(), at: near(Date.now()) };
      return unsealed(packArray([packNumber(4), id, object({ ...fields, ...rest })]));
    }
    case 5: {
      const type = pack({
        typeid: dice.pick([...seen.typeids, ...NAMES]),
        methods: [dice.pick(NAMES), 'add'],
        waits: [],
      });
      const fields = {
        version: near(1),
        generation: near(generation),
        lease: near(1000),
        allowance,
        messageBytes: near(1e6),
      };
      return unsealed(packArray([packNumber(5), id, object({ ...fields, types: packArray([type]), nonce: said() })]));
    }
    default:
      return unsealed(packArray([packNumber(dice.pick(NUMBERS)), id, valueOf(dice, seen), valueOf(dice, seen)]));
  }
}

function clientMessage(dice: Dice, seen: Seen, call: number): Buffer {
  const number = numberNear(dice, call, seen);
  const object = dice.chance(0.9) ? dice.pick(seen.ids) : dice.pick(NUMBERS);
  if (dice.chance(seen.wild / 10)) return valueOf(dice, seen);
  switch (dice.below(10)) {
    case 0:
      return packArray([packNumber(2), packNumber(object), numberNear(dice, 5, seen)]);
    case 1:
      return packArray([packNumber(3), numberNear(dice, call - 1, seen)]);
    case 2:
      return packArray([packNumber(4), numberNear(dice, call - 1, seen)]);
    case 3:
      if (dice.chance(0.05)) return packArray([packNumber(7), packText(dice.pick(REASONS))]);
      return packArray([packNumber(3), numberNear(dice, call, seen)]);
    case 4:
    case 5:
    case 6:
      return packArray([packNumber(1), number, packNumber(0), ...verb(dice, seen), ...ending(dice, seen)]);
    default: {
      const method = packText(dice.chance(0.7) ? dice.pick(seen.methods) : dice.pick(NAMES));
      const args = !dice.chance(seen.wild / 5)
        ? packArray(Array.from({ length: dice.below(4) }, () => valueOf(dice, seen)))
        : valueOf(dice, seen);
      return packArray([packNumber(1), number, packNumber(object), method, args, ...ending(dice, seen)]);
    }
  }
}

function verb(dice: Dice, seen: Seen): Buffer[] {
  const name = dice.chance(0.9) ? dice.pick(VERBS) : dice.pick(NAMES);
  const typeid = packText(dice.chance(0.8) ? dice.pick(seen.typeids) : dice.pick(NAMES));
  const what = packText(dice.chance(0.5) ? `n${dice.below(5)}` : dice.pick(NAMES));
  const value = (): Buffer => valueOf(dice, seen, 3);
  const reference = (): Buffer => packTag(1, packArray([typeid, packNumber(dice.pick(seen.ids)), packNumber(0)]));
  const args: Record<string, () => Buffer[]> = {
    create: () => [typeid, packArray([])],
    get: () => [typeid, what, packArray([]), dice.chance(0.7) ? packText('referenced') : value()],
    attach: () => [typeid, what, packNumber(dice.pick(seen.ids))],
    unlink: () => [typeid, what],
    ticket: () => [reference(), packNumber(dice.pick(TTLS)), packNumber(dice.pick(NUMBERS))],
    redeem: () => [packNumber(dice.below(4)), pack(dice.bytes(16))],
    debugInfo: () => [pack({ id: dice.pick(NUMBERS), holders: dice.pick(NUMBERS) }), packNumber(dice.pick(NUMBERS))],
  };
  const right = Object.hasOwn(args, name) ? (args[name]?.() ?? []) : [];
  return [packText(name), packArray(dice.chance(0.8) ? right : right.map(() => value()))];
}

/** Timeout and task. */
function ending(dice: Dice, { wild }: Seen): Buffer[] {
  return [
    packNumber(!dice.chance(wild / 5) ? dice.pick([0, 0, 5, 500]) : dice.pick(NUMBERS)),
    packText(!dice.chance(wild / 5) ? dice.pick(['', 'task']) : dice.pick(NAMES)),
  ];
}

function serverMessage(dice: Dice, seen: Seen): Buffer {
  const number = numberNear(dice, Math.max(1, seen.call - dice.below(4)), seen);
  const value = valueOf(dice, seen);
  switch (dice.below(6)) {
    case 0:
      return packArray([packNumber(6), number, value, packText(dice.pick(['executed', 'not-executed', ...NAMES]))]);
    case 1: {
      const structure = pack({ type: dice.pick(NAMES), name: dice.pick(NAMES), message: dice.pick(NAMES) });
      return packArray([
        packNumber(6),
        number,
        Buffer.concat([Buffer.from([0x81]), packText('error'), structure]),
        packText('executed'),
      ]);
    }
    case 2:
      if (dice.chance(0.1)) return packArray([packNumber(7), dice.chance(0.5) ? packText(dice.pick(REASONS)) : value]);
      return packArray([packNumber(5), number, value, pack(dice.chance(0.5))]);
    case 3:
      return dice.chance(0.2) ? value : packArray([packNumber(dice.below(12)), number, value]);
    default:
      return packArray([packNumber(5), number, value]);
  }
}
