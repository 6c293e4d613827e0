import { describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import { StateError } from '../../protocol/index.js';
import { readSlot, readSlots } from './reader.js';
import { slotOf, type ShareableItem } from './slots.js';
import { blockOf, tableOf, type ReadBlock } from './table.js';

const readerOf =
  (block: Buffer): ReadBlock =>
  (offset, length) =>
    Buffer.from(block.subarray(offset, offset + length));

async function itemsIn(block: Buffer): Promise<ShareableItem[]> {
  const table = await tableOf(readerOf(block), block.length);
  const items: ShareableItem[] = [];
  for await (const { value } of readSlots(readerOf(block), table)) items.push(value);
  return items;
}

// Another version of the package, or another language, reads these very bytes.
describe('the layout of a list', () => {
  it.each([
    ['null', null, 'a3de80d9 00000000 00000000 00000000'],
    ['true', true, '00000000 01000000 01000000 00000000 01'],
    ['an integer', 258, '00000000 02000000 08000000 00000000 0201000000000000'],
    ['a negative integer', -1n, '00000000 02000000 08000000 00000000 ffffffffffffffff'],
    ['a fraction', 0.5, '00000000 03000000 08000000 00000000 000000000000e03f'],
    ['a string', 'é\0', '00000000 04000000 03000000 00000000 c3a900'],
    ['bytes', Buffer.from([1, 2]), '00000000 05000000 02000000 00000000 0102'],
  ])('has %s as it is written down', (_what, value, hex) => {
    const { slot } = slotOf(value, 'It');
    expect(slot.toString('hex').slice(8)).toBe(hex.replaceAll(' ', '').slice(8));
  });

  it('is a head, a table and the slots, whose checksums are CRC-32', () => {
    expect(
      blockOf([1, 'ab'])
        .toString('hex')
        .match(/.{1,16}/g),
    ).toEqual([
      '6e6a73206c697374', // njs list
      '0100000002000000', // version 1, two slots
      '0400000007000000', // from 4 * 8, from 7 * 8
      '0a00000000000000', // to 10 * 8
      expect.stringMatching(/^.{8}02000000$/), // checksum, int64
      '0800000000000000', // 8 bytes
      '0100000000000000',
      expect.stringMatching(/^.{8}04000000$/), // checksum, string
      '0200000000000000', // 2 bytes
      '6162000000000000',
    ]);
    // As any tool says of the 12 bytes after the first four: kind 0, no length, zeros.
    expect(slotOf(null, 'It').slot.readUInt32LE(0)).toBe(0x7bd5c66f);
  });

  it('is read back', async () => {
    const values = [1, 'two', null, true, 2n ** 60n, 0.5, 'x'.repeat(100_000), Buffer.from([0]), ''];
    expect(await itemsIn(blockOf(values))).toEqual(values);
  });

  it.each([
    ['too short', (block: Buffer) => block.subarray(0, 8), /too short/],
    ['something else', (block: Buffer) => block.fill(0, 0, 8), /does not begin like one/],
    ['of another version', (block: Buffer) => block.fill(2, 8, 9), /version 2, and this process reads version 1/],
    ['of more slots than there is room for', (block: Buffer) => block.fill(255, 12, 16), /longer than the block/],
    ['with slots that lie over its table', (block: Buffer) => block.fill(0, 16, 20), /damaged/],
    ['with slots that overlap', (block: Buffer) => block.fill(5, 20, 21), /damaged/],
    ['with slots beyond its end', (block: Buffer) => block.fill(200, 24, 25), /damaged/],
    ['cut short', (block: Buffer) => block.subarray(0, block.length - 8), /damaged/],
  ])('is refused where it is %s', async (_what, spoil, message) => {
    const error = await failure(itemsIn(spoil(blockOf([1, 'ab']))));
    expect(error).toBeInstanceOf(StateError);
    expect(error.message).toMatch(/^The block has no list that can be read: /);
    expect(error.message).toMatch(message);
  });
});

describe('a slot that is read while it is written', () => {
  const [before, after] = [blockOf(['before, and long']), blockOf(['after, and longer'])];
  /** The first bytes of one, the others of the other. */
  const torn = (at: number): Buffer => Buffer.concat([after.subarray(0, at), before.subarray(at)]);

  it('is read again until it is whole, wherever it was torn', async () => {
    const table = await tableOf(readerOf(before), before.length);
    for (let at = table.start(0) + 1; at < table.start(0) + 33; at++) {
      const blocks = [torn(at), torn(at), after];
      const read: ReadBlock = (offset, length) =>
        readerOf((blocks.length > 1 ? blocks.shift() : blocks[0])!)(offset, length);
      expect(['before, and long', 'after, and longer']).toContain((await readSlot(read, table, 0)).value);
    }
  });

  it('and never becomes whole, is an error that says what to do', async () => {
    const table = await tableOf(readerOf(before), before.length);
    const error = await failure(readSlot(readerOf(torn(table.start(0) + 20)), table, 0));
    expect(error).toBeInstanceOf(StateError);
    expect(error.message).toMatch(/^Slot 0 of the list has no whole value: .* Set it anew\.$/);
  });

  it('may have a length that it has no room for', async () => {
    const table = await tableOf(readerOf(before), before.length);
    const wild = Buffer.from(before);
    wild.writeUInt32LE(2 ** 31, table.start(0) + 8);
    const blocks = [wild, before];
    const read: ReadBlock = (offset, length) =>
      readerOf((blocks.length > 1 ? blocks.shift() : blocks[0])!)(offset, length);
    expect((await readSlot(read, table, 0)).value).toBe('before, and long');
  });
});
