/** Codes whose items are bigints: 64 bits, more than a number holds exactly. `l` and `L` are as wide as on 64-bit Linux. */
export type BigTypecode = 'l' | 'L' | 'q' | 'Q';
/** Codes whose items are strings of one code point. */
export type CharacterTypecode = 'u' | 'w';
/** Codes whose items are numbers. */
export type NumberTypecode = 'b' | 'B' | 'h' | 'H' | 'i' | 'I' | 'f' | 'd';
/** What the items of an array are: the letters of Python's `array` module. */
export type Typecode = NumberTypecode | BigTypecode | CharacterTypecode;

/** What an array of this code gives. */
export type ArrayItem<C extends Typecode> = C extends BigTypecode
  ? bigint
  : C extends CharacterTypecode
    ? string
    : number;
/** What an array of this code takes. Numbers are taken for bigints, as far as they are exact. */
export type ArrayInput<C extends Typecode> = C extends BigTypecode ? bigint | number : ArrayItem<C>;

/** Where the items of an array are stored, as Node stores them. */
export type Cells =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** What is known of a code. */
export interface Kind {
  readonly cells: new (length: number) => Cells;
  /** What its items are: integers within bounds, floats, or characters, stored as their code points. */
  readonly holds: 'integer' | 'bigint' | 'float' | 'character';
  /** Of integers and bigints. */
  readonly least?: number | bigint;
  readonly most?: number | bigint;
}

const integer = (cells: Kind['cells'], bits: number, signed: boolean): Kind => {
  const most = 2 ** (signed ? bits - 1 : bits) - 1;
  return { cells, holds: 'integer', least: signed ? -most - 1 : 0, most };
};
const big = (cells: Kind['cells'], signed: boolean): Kind => {
  const most = 2n ** (signed ? 63n : 64n) - 1n;
  return { cells, holds: 'bigint', least: signed ? -most - 1n : 0n, most };
};

export const kinds: ReadonlyMap<unknown, Kind> = new Map<Typecode, Kind>([
  ['b', integer(Int8Array, 8, true)],
  ['B', integer(Uint8Array, 8, false)],
  ['u', { cells: Uint32Array, holds: 'character' }],
  ['w', { cells: Uint32Array, holds: 'character' }],
  ['h', integer(Int16Array, 16, true)],
  ['H', integer(Uint16Array, 16, false)],
  ['i', integer(Int32Array, 32, true)],
  ['I', integer(Uint32Array, 32, false)],
  ['l', big(BigInt64Array, true)],
  ['L', big(BigUint64Array, false)],
  ['q', big(BigInt64Array, true)],
  ['Q', big(BigUint64Array, false)],
  ['f', { cells: Float32Array, holds: 'float' }],
  ['d', { cells: Float64Array, holds: 'float' }],
]);
