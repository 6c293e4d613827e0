import type { Dice } from './dice.js';
import { NUMBERS, packArray, packBytes, packExtension, packNumber, packObject, packTag, packText } from './pack.js';

/** Names that mean something to JavaScript, to Redis, to logs, or to us. */
export const NAMES: readonly string[] = [
  ...['', 'a', '__proto__', 'constructor', 'prototype', 'then', 'toString', 'valueOf', 'hasOwnProperty', 'toJSON'],
  ...[
    '__defineGetter__',
    'onSharedDispose',
    'onModuleInit',
    'inspect',
    'length',
    'message',
    'stack',
    'cause',
    'errors',
  ],
  ...['{', '}', '{a}', 'a:b', '*', '%', 'a\nb', '\u001b[2J', '\0', '\u2028', 'x'.repeat(201), 'x'.repeat(5000)],
];

/** What a made-up value may refer to. */
export interface Surroundings {
  /** Ids of objects, those that there are and those that there are not. */
  readonly ids: readonly number[];
  readonly typeids: readonly string[];
  /** How likely something that must be so and not otherwise is another. */
  readonly wild: number;
}

/** The bytes of a value: most of them right, any of the extensions, with content that may be another's. */
export function valueOf(dice: Dice, around: Surroundings, depth = 4): Buffer {
  const deeper = (): Buffer => valueOf(dice, around, depth - 1);
  const some = (most: number): Buffer[] => Array.from({ length: dice.below(most) }, deeper);
  const name = (): Buffer => packText(dice.chance(0.7) ? dice.pick(NAMES) : `n${dice.below(50)}`);
  if (depth <= 0 || dice.chance(0.4)) return leaf(dice, around, name);
  switch (dice.below(12)) {
    case 0:
    case 1:
      return packArray(some(5));
    case 2:
    case 3:
      return packObject(some(4).map((value) => [dice.chance(around.wild) ? deeper() : name(), value]));
    case 4:
      return packTag(
        3,
        packArray(
          some(3)
            .flatMap((key) => [key, deeper()])
            .slice(dice.chance(around.wild) ? 1 : 0),
        ),
      );
    case 5:
      return packTag(4, packArray(some(5)));
    case 6:
      return packTag(5, dice.chance(around.wild) ? deeper() : errorOf(dice, around, name, deeper));
    case 7:
      return packTag(0x0e, packArray(some(4).flatMap((value) => [name(), value])));
    case 8:
      return referenceOf(dice, around);
    case 9:
    case 10:
      return graphOf(dice, around, name, deeper);
    default:
      return dice.chance(around.wild) ? packTag(dice.below(20), deeper()) : packTag(0x0c, packText('boxed'));
  }
}

function leaf(dice: Dice, { wild }: Surroundings, name: () => Buffer): Buffer {
  const or = <T>(right: T, wrong: T): T => (dice.chance(wild) ? wrong : right);
  switch (dice.below(14)) {
    case 0:
      return Buffer.from([dice.pick([0xc0, 0xc2, 0xc3])]);
    case 1:
      return Buffer.from([0xd4, or(dice.pick([0, 6]), 7), 0]);
    case 2:
      return packBytes(dice.bytes(dice.below(20)));
    case 3:
      return packExtension(8, dice.bytes(or(8, 3)));
    case 4:
      return packExtension(9, dice.bytes(or(dice.pick([0, 1, 9, 40]), 5000)));
    case 5:
      return packExtension(0x0b, Buffer.concat([Buffer.from([or(dice.below(13), 99)]), dice.bytes(dice.below(3) * 8)]));
    case 6:
      return packExtension(0x0d, dice.bytes(dice.below(4) * 2 + or(0, 1)));
    case 7:
      return or(packExtension(8, Buffer.alloc(8)), packExtension(dice.below(256), dice.bytes(dice.below(20))));
    case 8:
      return packTag(
        0x0a,
        packArray([
          packText(or(dice.pick(['a', '(a+)+$', 'x{1000000}']), '(?<')),
          packText(or(dice.pick(['', 'g', 'u']), 'zz')),
        ]),
      );
    case 9:
    case 10:
      return name();
    default:
      return packNumber(dice.pick(NUMBERS));
  }
}

function errorOf(dice: Dice, { wild }: Surroundings, name: () => Buffer, deeper: () => Buffer): Buffer {
  const text = (): Buffer =>
    dice.chance(wild) ? deeper() : packText(dice.pick(['Error', 'TypeError', 'RemoteError', ...NAMES]));
  const more: [string, () => Buffer][] = [
    [
      'code',
      () => packText(dice.pick(['ERR_MANAGER', 'ERR_MANAGER_PROTOCOL', 'ERR_MANAGER_OBJECT_LOST', '__proto__'])),
    ],
    ['stack', text],
    [
      'fields',
      () =>
        packObject([
          [name(), deeper()],
          [packText('fate'), deeper()],
        ]),
    ],
    ['cause', () => packObject([[packText(dice.pick(['error', 'value'])), deeper()]])],
    ['errors', () => packArray([deeper(), packObject([[packText('error'), deeper()]])])],
  ];
  const chosen = more.filter(() => dice.chance(0.4)).map(([key, value]) => [packText(key), value()] as const);
  return packObject([[packText('type'), text()], [packText('name'), text()], [packText('message'), text()], ...chosen]);
}

function referenceOf(dice: Dice, around: Surroundings): Buffer {
  const numbers = dice.chance(around.wild) ? NUMBERS : NUMBERS.filter((number) => Number.isSafeInteger(number));
  const id = dice.chance(0.8) ? dice.pick(around.ids) : dice.pick(numbers);
  const content = [packText(dice.pick([...around.typeids, ...NAMES])), packNumber(id), packNumber(dice.pick(numbers))];
  if (dice.chance(0.1)) content.push(packText(dice.pick(['nmt1.AAAA', 'nmt1.', ...NAMES])));
  return packTag(1, packArray(content));
}

function graphOf(dice: Dice, { wild }: Surroundings, name: () => Buffer, deeper: () => Buffer): Buffer {
  const count = 1 + dice.below(6);
  const item = (): Buffer => {
    if (dice.chance(0.3)) return deeper();
    return Buffer.from([0xd6, 0x0f, 0, 0, 0, dice.below(count + (dice.chance(wild) ? 3 : 0))]);
  };
  const nodes = Array.from({ length: count }, () => {
    const code = dice.below(dice.chance(wild) ? 7 : 5);
    const items = Array.from({ length: code === 4 ? 1 : dice.below(3) * 2 }, (_, at) =>
      code === 1 && at % 2 === 0 ? name() : code === 4 && !dice.chance(wild) ? deeper() : item(),
    );
    return packArray([packNumber(code), ...items]);
  });
  return packTag(2, packArray(nodes));
}
