import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure, House, turns } from '../../client/house.suite.js';
import { ManagerClosedError, ObjectLostError, SessionExpiredError } from '../../protocol/index.js';
import { builtInTypes, Manager } from '../index.js';
import { untilObjects } from '../support/counted.suite.js';
import { thisSite, userFolder } from './site.js';

const folders = (): string[] => (existsSync(userFolder(thisSite())) ? readdirSync(userFolder(thisSite())) : []);

// The file that an application has open would go on for as long as it likes: no other application would see what it writes.
describe('a block that is lost is lost to who has it open, too', () => {
  let house: House;
  beforeEach(() => void (house = new House()));
  afterEach(() => house.close());

  it('with its server, which leaves no folder', async () => {
    const before = folders();
    const server = await house.server([], { builtIn: builtInTypes() });
    const manager = new Manager({ transport: house.medium.connect() });
    const block = await manager.sharedMemory(8);
    const list = await manager.shareableList([1], { name: 'list' });
    const named = await manager.named('named').sharedMemory(8);
    expect(folders()).toHaveLength(before.length + 1);
    await server.close();
    expect(folders()).toEqual(before);
    for (const call of [block.read(), block.write(0, Buffer.from('x')), list.at(0), named.read()]) {
      expect(await failure(call)).toBeInstanceOf(ObjectLostError);
    }
    await house.server([], { builtIn: builtInTypes() });
    // The next block of the name is another one. Only who asked for whatever has the name goes on with it.
    expect(await named.read()).toEqual(Buffer.alloc(8));
    expect(await failure(list.at(0))).toBeInstanceOf(ObjectLostError);
    await manager.close();
  });

  it('with the session under which it was held', async () => {
    await house.server([], { builtIn: builtInTypes(), lease: 300 });
    const line = house.line();
    const manager = new Manager({ transport: line, timeout: 2000 });
    const other = new Manager({ transport: house.medium.connect() });
    const block = await manager.sharedMemory(8, { name: 'kept' });
    const anonymous = await manager.sharedMemory(8);
    const theirs = await other.sharedMemory({ name: 'kept' });
    await block.write(0, Buffer.from('before'));
    line.cut();
    await untilObjects(other, 1);
    line.mend();
    // The one whose name holds it is found again, and is the very same.
    expect((await block.read(0, 6)).toString()).toBe('before');
    const error = await failure(anonymous.read());
    expect(error instanceof ObjectLostError || error instanceof SessionExpiredError).toBe(true);
    expect((await theirs.read(0, 6)).toString()).toBe('before');
    await manager.close();
    expect(await failure(block.read())).toBeInstanceOf(ManagerClosedError);
    await other.close();
  });

  it('before a loop that was blocked for longer than the lease does anything with it', async () => {
    await house.server([], { builtIn: builtInTypes(), lease: 300 });
    const line = house.line();
    const manager = new Manager({ transport: line });
    const block = await manager.sharedMemory(8);
    await block.write(0, Buffer.from('before'));
    line.cut();
    const until = performance.now() + 350;
    while (performance.now() < until);
    const read = block.read(0, 6);
    // Nobody but the server can say whether the block is still held, and the server does not hear the question yet.
    expect(await Promise.race([read, turns(20).then(() => 'asked')])).toBe('asked');
    line.mend();
    expect((await read).toString()).toBe('before');
    await manager.close();
  });
});
