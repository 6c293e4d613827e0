import type { Dice } from './dice.js';
import { NAMES } from './values.js';
import { packText } from './pack.js';

/** What makes another frame of one, or of two. */
export type Mutator = (dice: Dice, frame: Buffer, other: Buffer) => Buffer;

/** Bytes that begin something large, or nothing at all. */
const TOKENS = [
  0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc4, 0xc6, 0xc7, 0xc9, 0xcb, 0xcf, 0xd4, 0xd8, 0xdb,
  0xdd, 0xdf, 0xff,
];
/** Levels, for a value nested deeper than any may be. */
const DEEP = 2000;

export const mutators: Record<string, Mutator> = {
  flipBits(dice, frame) {
    const bytes = Buffer.from(frame);
    for (let i = 1 + dice.below(4); i > 0 && bytes.length > 0; i--) {
      const at = dice.below(bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << dice.below(8));
    }
    return bytes;
  },
  truncate: (dice, frame) => frame.subarray(0, dice.below(frame.length)),
  cutOut(dice, frame) {
    const [from, to] = range(dice, frame);
    return Buffer.concat([frame.subarray(0, from), frame.subarray(to)]);
  },
  repeat(dice, frame) {
    const [from, to] = range(dice, frame);
    const part = frame.subarray(from, to);
    const times = 1 + dice.below(dice.chance(0.1) ? 1000 : 4);
    const again = Buffer.alloc(part.length * times, part);
    return Buffer.concat([frame.subarray(0, to), again, frame.subarray(to)]);
  },
  splice: (dice, frame, other) =>
    Buffer.concat([frame.subarray(0, dice.below(frame.length + 1)), other.subarray(dice.below(other.length + 1))]),
  insert(dice, frame) {
    const at = dice.below(frame.length + 1);
    return Buffer.concat([frame.subarray(0, at), dice.bytes(1 + dice.below(8)), frame.subarray(at)]);
  },
  token(dice, frame) {
    const bytes = Buffer.from(frame);
    if (bytes.length > 0) bytes[dice.below(bytes.length)] = dice.pick(TOKENS);
    return bytes;
  },
  hugeLength(dice, frame) {
    const at = dice.below(frame.length + 1);
    const length = dice.pick([0xffffffff, 0x7fffffff, 0x01000000, 0xffff]);
    const head = Buffer.from([
      dice.pick([0xc6, 0xc9, 0xdb, 0xdd, 0xdf]),
      length >>> 24,
      length >>> 16,
      length >>> 8,
      length,
    ]);
    return Buffer.concat([frame.subarray(0, at), head, frame.subarray(at + 5)]);
  },
  nest(dice, frame) {
    const at = dice.below(frame.length + 1);
    const step = dice.pick([[0x91], [0x81, 0xa1, 0x61], [0xd4, 3, 0, 0x92, 1], [0xd4, 5, 0], [0xd4, 12, 0]]);
    const levels = Buffer.alloc(step.length * (1 + dice.below(DEEP)), Buffer.from(step));
    return Buffer.concat([frame.subarray(0, at), levels, frame.subarray(at)]);
  },
  name(dice, frame) {
    const at = dice.below(frame.length + 1);
    const name = packText(dice.pick(NAMES));
    return Buffer.concat([frame.subarray(0, at), name, frame.subarray(dice.chance(0.5) ? at : at + name.length)]);
  },
  noMac: (_dice, frame) => Buffer.concat([Buffer.from([0]), frame.subarray(1 + (frame[0] ?? 0))]),
  otherMac(dice, frame, other) {
    const length = other[0] ?? 0;
    const mac =
      length > 0 && dice.chance(0.5)
        ? other.subarray(0, 1 + length)
        : Buffer.concat([Buffer.from([16]), dice.bytes(16)]);
    return Buffer.concat([mac, frame.subarray(1 + (frame[0] ?? 0))]);
  },
  same: (_dice, frame) => frame,
  noise: (dice) => dice.bytes(dice.below(200)),
};

const all = Object.values(mutators);

/** One mutation after another, mostly one. */
export function mutate(dice: Dice, frame: Buffer, other: Buffer): Buffer {
  let bytes = frame;
  do bytes = dice.pick(all)(dice, bytes, other);
  while (dice.chance(0.3) && bytes.length < 100_000);
  return bytes;
}

function range(dice: Dice, frame: Buffer): [from: number, to: number] {
  const from = dice.below(frame.length + 1);
  return [from, from + dice.below(Math.min(64, frame.length - from + 1))];
}
