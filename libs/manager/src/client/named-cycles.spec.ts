import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keep, SharedType, type SharedProxy } from '../definition/index.js';
import type { ManagerServer } from '../server/index.js';
import { House, turns, until } from './house.suite.js';
import type { Manager } from './index.js';

let disposed = 0;

@SharedType()
class Room {
  #members: SharedProxy<Member>[] = [];
  join(member: SharedProxy<Member>): void {
    this.#members.push(keep(member));
  }
  size(): number {
    return this.#members.length;
  }
  onSharedDispose(): void {
    disposed++;
  }
}

@SharedType()
class Member {
  #room: SharedProxy<Room> | undefined;
  enter(room: SharedProxy<Room>): void {
    this.#room = keep(room);
  }
  room(): SharedProxy<Room> | undefined {
    return this.#room;
  }
}

describe('a named object that what it holds holds in turn', () => {
  let house: House;
  let server: ManagerServer;
  let manager: Manager;

  beforeEach(async () => {
    disposed = 0;
    house = new House();
    server = await house.server([Room, Member]);
    manager = house.manager();
  });
  afterEach(() => house.close());

  const roomWithMember = async (options: Parameters<Manager['named']>[1]): Promise<SharedProxy<Room>> => {
    const room = await manager.named('lobby', options).create(Room);
    await using member = await manager.create(Member);
    await room.join(member);
    await member.enter(room);
    return room;
  };

  it('goes with its last holder from outside where its name says referenced', async () => {
    const room = await roomWithMember({ keep: 'referenced' });
    await turns(20);
    expect(await room.size()).toBe(1);
    await manager.release(room);
    await until(() => server.table.size === 0);
    expect(disposed).toBe(1);
    await using again = await manager.named('lobby', { keep: 'referenced' }).create(Room);
    expect(await again.size()).toBe(0);
  });

  it('stays that long after it where its name says idle', async () => {
    const room = await roomWithMember({ keep: { idle: 150 } });
    await manager.release(room);
    await new Promise((resolve) => setTimeout(resolve, 75));
    const back = await manager.named('lobby').create(Room);
    expect(await back.size()).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(await back.size()).toBe(1);
    await manager.release(back);
    await until(() => server.table.size === 0);
    expect(disposed).toBe(1);
  });

  it('stays while somebody holds one of the others', async () => {
    const room = await roomWithMember({ keep: { idle: 20 } });
    const member = await manager.create(Member);
    await room.join(member);
    await member.enter(room);
    await manager.release(room);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(disposed).toBe(0);
    const found = (await member.room()) as SharedProxy<Room>;
    expect(await found.size()).toBe(2);
    await manager.release(found);
    await manager.release(member);
    await until(() => server.table.size === 0);
  });

  it('stays for ever where its name says always', async () => {
    const room = await roomWithMember({});
    await manager.release(room);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.table.size).toBe(2);
    await manager.unlink(Room, 'lobby');
    await until(() => server.table.size === 0);
  });
});
