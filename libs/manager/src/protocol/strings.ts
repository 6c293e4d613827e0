/**
 * Short ASCII strings come back again and again: method names, keys, typeids, tasks. A direct-mapped cache gives them without a call into
 * native code (some 60 ns), and gives the *same* string, whose hash is known already when it is looked up in a Map.
 */
const SLOTS = 4096;
/** What is longer seldom comes again. */
const MAX_CACHED = 32;
const cache = new Array<string>(SLOTS).fill('');

/** The bytes must be in range. Ill-formed UTF-8 becomes U+FFFD, as everywhere in Node. */
export function readString(bytes: Buffer, start: number, length: number): string {
  if (length === 0) return '';
  const end = start + length;
  if (length > MAX_CACHED) return bytes.utf8Slice(start, end);
  let hash = length;
  let high = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    hash = (hash * 31 + byte) | 0;
    high |= byte;
  }
  if (high >= 0x80) return bytes.utf8Slice(start, end);
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const cached = cache[slot]!;
  if (cached.length === length) {
    let i = 0;
    while (i < length && cached.charCodeAt(i) === bytes[start + i]) i++;
    if (i === length) return cached;
  }
  return (cache[slot] = bytes.latin1Slice(start, end));
}

declare global {
  interface Buffer {
    // In every version of Node, and what `toString` comes down to after it has looked at its arguments.
    latin1Slice(start: number, end: number): string;
    utf8Slice(start: number, end: number): string;
  }
}
