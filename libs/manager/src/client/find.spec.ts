import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defineFactory, SharedType } from '../definition/index.js';
import { ConfigurationError, ManagerClosedError, TypeNotRegisteredError } from '../protocol/index.js';
import { deferred, failure, House } from './house.suite.js';
import type { Manager } from './index.js';

@SharedType({ typeid: 'find.Room' })
class Room {
  constructor(readonly title = 'untitled') {}
  called(): string {
    return this.title;
  }
}

describe('find()', () => {
  let house: House;
  let manager: Manager;
  beforeEach(async () => {
    house = new House();
    await house.server([Room], { name: 'one' });
    manager = house.manager();
  });
  afterEach(() => house.close());

  it('gives the object of a name, as a reference of its own', async () => {
    const room = await manager.get(Room, 'lobby', 'Lobby');
    const found = (await house.manager().find(Room, 'lobby'))!;
    expect(await found.called()).toBe('Lobby');
    expect(manager.token(found)).toEqual(manager.token(room));
    const own = (await manager.find<Room>('find.Room', 'lobby'))!;
    await manager.release(room);
    expect(await own.called()).toBe('Lobby');
  });

  it('gives nothing where nothing has the name, and makes nothing', async () => {
    expect(await manager.find(Room, 'lobby')).toBeUndefined();
    expect(await manager.numberOfObjects()).toBe(0);
    const medium = house.medium.connect();
    await medium.open();
    expect(await medium.claims.read({ kind: 'name', tag: 'find.Room:lobby' })).toBeFalsy();
    await manager.get(Room, 'lobby');
    await manager.unlink(Room, 'lobby');
    expect(await manager.find(Room, 'lobby')).toBeUndefined();
  });

  it('finds it at whichever server it is', async () => {
    await house.server([Room], { name: 'two' });
    await manager.at('two').named('far').create(Room, 'Far');
    await manager.at('one').named('near').create(Room, 'Near');
    for (const seeker of [house.manager(), house.manager()]) {
      expect(await (await seeker.find(Room, 'near'))?.called()).toBe('Near');
      expect(await (await seeker.find(Room, 'far'))?.called()).toBe('Far');
    }
    expect(await manager.at('one').find(Room, 'far')).toBeUndefined();
    expect(await (await manager.at('two').find(Room, 'far'))?.called()).toBe('Far');
  });

  it('does not go on with another object of the name', async () => {
    const room = await manager.named('lobby', { keep: 'referenced' }).create(Room);
    const found = (await manager.find(Room, 'lobby'))!;
    await manager.unlink(Room, 'lobby');
    await manager.get(Room, 'lobby', 'Another');
    expect(await found.called()).toBe('untitled');
    expect(await room.called()).toBe('untitled');
    for (const proxy of [found, room]) await manager.release(proxy);
    const last = (await manager.find(Room, 'lobby'))!;
    expect(await last.called()).toBe('Another');
    await manager.unlink(Room, 'lobby');
    await house.close();
    expect(await failure(last.called())).toBeInstanceOf(ManagerClosedError);
  });

  it('waits for one that is being made', async () => {
    const gate = deferred();
    const slow = new House();
    const type = defineFactory({ type: Room }, async (title: string) => {
      await gate.promise;
      if (title === 'broken') throw new RangeError('broken');
      return new Room(title);
    });
    await slow.server([type]);
    const [maker, seeker] = [slow.manager(), slow.manager()];
    const made = maker.get(Room, 'slow', 'Slow');
    const broken = failure(maker.get(Room, 'bad', 'broken'));
    const medium = slow.medium.connect();
    await medium.open();
    while (!(await medium.claims.read({ kind: 'name', tag: 'find.Room:bad' }))) await seeker.ping();
    const [found, none] = [seeker.find(Room, 'slow'), seeker.find(Room, 'bad')];
    await seeker.ping();
    gate.resolve();
    expect(await (await found)?.called()).toBe('Slow');
    expect(await none).toBeUndefined();
    expect(await broken).toBeInstanceOf(RangeError);
    await made;
    await slow.close();
  });

  it('refuses what is no name, and types that nobody has', async () => {
    expect(await failure(manager.find(Room, ''))).toBeInstanceOf(ConfigurationError);
    expect(await failure(manager.find('Nothing', 'x'))).toBeInstanceOf(TypeNotRegisteredError);
  });
});
