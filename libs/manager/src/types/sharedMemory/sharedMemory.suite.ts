import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import { keep, SharedType, type SharedProxy } from '../../definition/index.js';
import { KeyNotFoundError, ProxyReleasedError, StateError } from '../../protocol/index.js';
import type { Manager } from '../index.js';
import type { Bench, OpenBench } from '../support/bench.suite.js';
import { untilObjects } from '../support/counted.suite.js';
import { by, visitorTypes, ways } from '../support/visitors.suite.js';
import type { SharedMemory } from './referent.js';

/** Hosted code that keeps a block. */
@SharedType({ typeid: 'suite.Frame' })
class Frame {
  #block: SharedProxy<SharedMemory> | undefined;

  async take(block: SharedProxy<SharedMemory>): Promise<void> {
    this.#block = keep(block);
    await block.read(0, 1);
  }

  read(): Promise<Buffer> {
    return (this.#block as SharedProxy<SharedMemory>).read(0, 4);
  }
}

/** The classes of users that these tests need at their server. */
export const sharedMemorySuiteTypes = [...visitorTypes, Frame];

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** What a block of shared memory does, wherever its server and its applications are, on one machine. */
export function sharedMemoryBehaviour(open: OpenBench): void {
  let bench: Bench;
  let manager: Manager;
  let other: Manager;
  beforeEach(async () => {
    bench = await open();
    ({ manager, other } = bench);
  });
  afterEach(() => bench.close());

  describe.each(ways)('a block, called by %s', (way) => {
    const made = async (size: number): Promise<SharedProxy<SharedMemory>> =>
      by(way, manager, await manager.sharedMemory(size));

    it('is zeros at first, as many as it was made with', async () => {
      const block = await made(100);
      expect(await block.size()).toBe(100);
      expect(Buffer.from(await block.read())).toEqual(Buffer.alloc(100));
    });

    it('gives what was written, from where it was written', async () => {
      const block = await made(10);
      expect(await block.write(2, Buffer.from('hello'))).toBeUndefined();
      expect(text(await block.read(2, 5))).toBe('hello');
      expect(text(await block.read(4))).toBe('llo\0\0\0');
      expect(text(await block.read(undefined, 4))).toBe('\0\0he');
      await block.write(5, Buffer.from('HELLO'));
      expect(text(await block.read())).toBe('\0\0helHELLO');
    });

    it('takes bytes in whatever they are', async () => {
      const block = await made(8);
      await block.write(0, Uint16Array.of(0x3131));
      await block.write(2, new DataView(Uint8Array.from([0, 0x32, 0x33, 0]).buffer, 1, 2));
      await block.write(4, Uint8Array.of(0x34, 0x35).buffer);
      await block.write(6, new Uint8Array(0));
      expect(text(await block.read(0, 6))).toBe('112345');
    });

    it('reads and writes nothing at its end', async () => {
      const block = await made(3);
      await block.write(3, new Uint8Array(0));
      expect(await block.read(3)).toHaveLength(0);
      expect(await block.read(0, 0)).toHaveLength(0);
    });

    it.each([
      ['read', [-1], RangeError, /^The offset of read\(\) is 0 or more, got -1\.$/],
      ['read', [0, -1], RangeError, /^The length of read\(\) is 0 or more/],
      ['read', [0, 11], RangeError, /^read\(\) was asked for 11 bytes at 0, and the block has 10 bytes\.$/],
      ['read', [11], RangeError, /and the block has 10 bytes\.$/],
      ['read', [5, 6], RangeError, /^read\(\) was asked for 6 bytes at 5/],
      ['read', [2 ** 53, 2 ** 53], RangeError, /and the block has 10 bytes\.$/],
      ['read', ['0'], TypeError, /^read\(\) takes a whole number of bytes as its offset, got '0'\.$/],
      ['read', [0, 1.5], TypeError, /^read\(\) takes a whole number of bytes as its length, got 1\.5\.$/],
      ['read', [NaN], TypeError, /got NaN/],
      ['read', [null], TypeError, /got null/],
      ['write', [undefined, Buffer.from('a')], TypeError, /^write\(\) takes a whole number of bytes as its offset/],
      ['write', [8, Buffer.from('abc')], RangeError, /^write\(\) was asked for 3 bytes at 8, and the block has 10/],
      ['write', [-3, Buffer.from('abc')], RangeError, /^The offset of write\(\) is 0 or more/],
      [
        'write',
        [0, 'abc'],
        TypeError,
        /^write\(\) takes bytes .*of a text they are Buffer\.from\(text\), got 'abc'\.$/,
      ],
      ['write', [0, [1, 2]], TypeError, /^write\(\) takes bytes/],
      ['write', [0], TypeError, /^write\(\) takes bytes/],
    ] as [string, unknown[], typeof Error, RegExp][])('refuses %s(%p)', async (member, args, type, message) => {
      const block = await made(10);
      const members = block as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
      const error = await failure((members[member] as (...args: unknown[]) => Promise<unknown>)(...args));
      expect(error).toBeInstanceOf(type);
      expect(error.message).toMatch(message);
      expect(Buffer.from(await block.read())).toEqual(Buffer.alloc(10));
    });
  });

  it.each([
    [0, RangeError],
    [-1, RangeError],
    [1.5, RangeError],
    [2 ** 53, RangeError],
    [Infinity, RangeError],
    [NaN, TypeError],
    ['8', TypeError],
    [undefined, TypeError],
    [[8], TypeError],
  ])('there is no block of %p bytes', async (size, type) => {
    const error = await failure(manager.sharedMemory(size as number));
    expect(error).toBeInstanceOf(type);
    expect(error.message).toMatch(/^The size of a block of shared memory is a (whole )?number/);
    expect(await manager.numberOfObjects()).toBe(0);
  });

  it('a block fills what it is given', async () => {
    const block = await manager.sharedMemory(8);
    await block.write(0, Buffer.from('01234567'));
    const target = new Uint16Array(3);
    expect(await block.readInto(target, 1)).toBeUndefined();
    expect(text(new Uint8Array(target.buffer))).toBe('123456');
    const whole = new ArrayBuffer(8);
    await block.readInto(whole);
    expect(text(new Uint8Array(whole))).toBe('01234567');
    expect((await failure(block.readInto(whole, 1))).message).toMatch(/^readInto\(\) was asked for 8 bytes at 1/);
    expect(await failure(block.readInto('x' as never))).toBeInstanceOf(TypeError);
  });

  it('a block may be larger than what is read or written at once', async () => {
    const size = 3 * 1024 * 1024 + 5;
    const block = await manager.sharedMemory(size);
    const bytes = Buffer.alloc(size, 'abcdefg');
    await block.write(0, bytes);
    expect(bytes.equals(await block.read())).toBe(true);
    expect(text(await block.read(size - 3))).toBe(text(bytes.subarray(-3)));
  });

  it('a loop that only reads does not keep the rest of its process from going on', async () => {
    const block = await manager.sharedMemory(8);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    // Forever, if nothing else had its turn.
    while (turns < 3) await block.read(0, 8);
    clearInterval(timer);
  });

  it('applications see what others write', async () => {
    const mine = await manager.sharedMemory(16);
    const theirs = await other.sharedMemory({ name: (await mine.name()) as string });
    await mine.write(0, Buffer.from('mine'));
    await theirs.write(8, Buffer.from('theirs'));
    expect(text(await theirs.read())).toBe('mine\0\0\0\0theirs\0\0');
    expect(text(await mine.read())).toBe('mine\0\0\0\0theirs\0\0');
    expect(await theirs.size()).toBe(16);
  });

  it('a proxy that came by a ticket, or out of a container, reads the same block', async () => {
    const block = await manager.sharedMemory(4);
    await block.write(0, Buffer.from('here'));
    const redeemed = await other.redeem<SharedMemory>(await manager.ticket(block));
    expect(text(await redeemed.read())).toBe('here');
    const list = await manager.named('blocks').list<SharedProxy<SharedMemory>>([block]);
    await manager.release(block);
    const found = (await (await other.named('blocks').list<SharedProxy<SharedMemory>>()).at(0))!;
    expect(text(await found.read())).toBe('here');
    await list.clear();
    await other.release(redeemed);
    expect(text(await found.read())).toBe('here');
  });

  describe('the name of a block', () => {
    it('is a random one unless it is given', async () => {
      const [one, two] = [await manager.sharedMemory(1), await manager.sharedMemory(1)];
      expect(await one.name()).toMatch(/^block-[\w-]{16}$/);
      expect(await one.name()).not.toBe(await two.name());
      expect(await (await manager.sharedMemory(1, { name: 'given' })).name()).toBe('given');
    });

    it('is taken once', async () => {
      const first = await manager.sharedMemory(8, { name: 'frame' });
      const error = await failure(other.sharedMemory(8, { name: 'frame' }));
      expect(error).toBeInstanceOf(StateError);
      expect(error.message).toBe(
        'The name "frame" is taken. To attach to what has it: manager.sharedMemory({ name }).',
      );
      await first.write(0, Buffer.from('first'));
      expect(text(await (await other.sharedMemory({ name: 'frame' })).read(0, 5))).toBe('first');
    });

    it('is taken by one of many who want it at once', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, (_, i) => (i % 2 ? manager : other).sharedMemory(8, { name: 'wanted' })),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
      for (const error of refused) expect(error).toBeInstanceOf(StateError);
      expect(await manager.numberOfObjects()).toBe(1);
    });

    it('is of nobody until a block is made, and asking makes none', async () => {
      const error = await failure(manager.sharedMemory({ name: 'nobody' }));
      expect(error).toBeInstanceOf(KeyNotFoundError);
      expect(error.message).toMatch(/^Nothing in shared memory has the name 'nobody'\. To make it: /);
      expect(await manager.numberOfObjects()).toBe(0);
      await manager.sharedMemory(1, { name: 'nobody' });
    });

    it('gives the block, made by the first who asks, after named()', async () => {
      const mine = await manager.named('shared').sharedMemory(8);
      const theirs = await other.named('shared').sharedMemory(8);
      await mine.write(0, Buffer.from('same'));
      expect(text(await theirs.read(0, 4))).toBe('same');
      const error = await failure(
        (manager.named('shared') as unknown as Manager).sharedMemory({ name: 'shared' }) as Promise<unknown>,
      );
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/after named\(name\) takes a size/);
    });

    it('holds a block that has none of its own choosing for as long as somebody refers to it', async () => {
      const block = await manager.sharedMemory(8);
      const name = (await block.name()) as string;
      const attached = await other.sharedMemory({ name });
      await manager.release(block);
      await attached.write(0, Buffer.from('a'));
      await other.release(attached);
      await untilObjects(manager, 0);
      expect(await failure(other.sharedMemory({ name }))).toBeInstanceOf(KeyNotFoundError);
    });

    it('holds a block whose name was chosen, unless it is told otherwise', async () => {
      const kept = await manager.sharedMemory(8, { name: 'kept' });
      const left = await manager.sharedMemory(8, { name: 'left', keep: 'referenced' });
      await kept.write(0, Buffer.from('kept'));
      await Promise.all([manager.release(kept), manager.release(left)]);
      await untilObjects(manager, 1);
      expect(text(await (await other.sharedMemory({ name: 'kept' })).read(0, 4))).toBe('kept');
    });

    it.each([
      ['no option', { nmae: 'x' }, /has no option 'nmae'/],
      ['a word', 'x', /takes its options in an object/],
      ['keep without a name', { keep: 'always' }, /takes `keep` together with `name`/],
    ])('is not given by %s', async (_what, options, message) => {
      const error = await failure(manager.sharedMemory(8, options as never));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(message);
      const misspelt = await failure(manager.sharedMemory({ nmae: 'x' } as never));
      expect(misspelt).toBeInstanceOf(TypeError);
      await manager.sharedMemory(8, { name: 'there' });
      const more = manager.sharedMemory as (...args: unknown[]) => Promise<unknown>;
      const tooMuch = await failure(more.call(manager, { name: 'there' }, options));
      expect(tooMuch).toBeInstanceOf(TypeError);
      expect(tooMuch.message).toMatch(/attaches to what is there, and takes nothing more/);
    });
  });

  describe('close()', () => {
    it('gives the file of this proxy back, and of no other', async () => {
      const block = await manager.sharedMemory(8);
      const second = manager.dup(block);
      const view = manager.with(block, { timeout: 5000 });
      await view.write(0, Buffer.from('x'));
      expect(await block.close()).toBeUndefined();
      await block.close();
      for (const closed of [block.read(), block.write(0, Buffer.from('y')), view.read()]) {
        const error = await failure(closed);
        expect(error).toBeInstanceOf(StateError);
        expect(error.message).toMatch(/^The block was closed by this proxy/);
      }
      expect(await block.size()).toBe(8);
      expect(text(await second.read(0, 1))).toBe('x');
    });

    it('is part of a release, during which what is under way comes to its end', async () => {
      const block = await manager.sharedMemory(4 * 1024 * 1024);
      const reading = Promise.all([block.read(), block.read(0, 1024 * 1024)]);
      await Promise.resolve();
      await manager.release(block);
      for (const bytes of await reading.catch(() => [])) expect(bytes.length).toBeGreaterThan(0);
      for (const call of [block.read(), block.size(), block.close(), block.name()]) {
        expect(await failure(call)).toBeInstanceOf(ProxyReleasedError);
      }
    });
  });

  describe('unlink()', () => {
    it('takes block and name away; who has it open goes on', async () => {
      const mine = await manager.sharedMemory(8, { name: 'gone' });
      const theirs = await other.sharedMemory({ name: 'gone' });
      const late = manager.dup(mine);
      await mine.write(0, Buffer.from('open'));
      expect(await theirs.unlink()).toBe(true);
      expect(await mine.unlink()).toBe(false);
      expect(text(await mine.read(0, 4))).toBe('open');
      await theirs.write(0, Buffer.from('OPEN'));
      expect(text(await mine.read(0, 4))).toBe('OPEN');
      const error = await failure(late.read());
      expect(error).toBeInstanceOf(StateError);
      expect(error.message).toMatch(/was unlinked/);
      expect(await mine.name()).toBeUndefined();
      expect(await failure(other.sharedMemory({ name: 'gone' }))).toBeInstanceOf(KeyNotFoundError);
    });

    it('leaves the block to hosted code that has it open', async () => {
      const block = await manager.sharedMemory(8);
      const frame = await manager.create(Frame);
      await frame.take(block);
      await block.write(0, Buffer.from('open'));
      await block.unlink();
      expect(text(await frame.read())).toBe('open');
      const late = await manager.create(Frame);
      expect((await failure(late.take(block))).message).toMatch(/was unlinked/);
      await Promise.all([frame, late].map((one) => manager.release(one)));
    });

    it('frees the name for another block', async () => {
      const before = await manager.sharedMemory(8, { name: 'again' });
      await before.unlink();
      const after = await other.sharedMemory(16, { name: 'again' });
      expect(await after.size()).toBe(16);
      expect(await before.size()).toBe(8);
    });
  });

  it('a block shows itself as any object does', async () => {
    const block = await manager.sharedMemory(8);
    expect(JSON.stringify(block)).toBe('{"$shared":"sharedMemory"}');
    expect(manager.token(block)?.typeid).toBe('sharedMemory');
    const { servers } = await manager.debugInfo();
    expect(servers[0]?.objects[0]?.state).toEqual({ bytes: 8, unlinked: false });
  });
}
