import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SharedType } from '../definition/index.js';
import type { ManagerServer } from '../server/index.js';
import { House, Line, turns, until } from './house.suite.js';
import type { Manager } from './index.js';

@SharedType()
class Room {
  enter(): string {
    return 'in';
  }
}

@SharedType()
class Hall {
  enter(): string {
    return 'in';
  }
}

let house: House;
let server: ManagerServer;
let manager: Manager;

beforeEach(async () => {
  house = new House();
  server = await house.server([Room]);
  manager = house.manager();
});
afterEach(() => house.close());

/** The sessions that hold something, as the census has them. */
async function holders(): Promise<(string | undefined)[]> {
  const { servers } = await manager.debugInfo();
  return servers.flatMap(({ objects }) => objects.flatMap((object) => object.holders.map(({ session }) => session)));
}

describe('the session of an application', () => {
  it('is opened by the first that is asked of the server, not by its manager, nor by a proxy of a name', async () => {
    const room = manager.named('room').lazy(Room);
    await turns();
    expect(server.sessions).toBe(0);
    expect(await room.enter()).toBe('in');
    expect(server.sessions).toBe(1);
  });

  it('is one for all that it does at that server, at once or one after the other', async () => {
    const rooms = await Promise.all([manager.create(Room), manager.create(Room), manager.get(Room, 'a')]);
    await Promise.all(rooms.map((room) => room.enter()));
    const sessions = (await holders()).filter((session) => session !== undefined);
    expect(sessions).toHaveLength(3);
    expect(new Set(sessions).size).toBe(1);
    expect(server.sessions).toBe(1);
  });

  it('outlives its last reference: the next one needs no other', async () => {
    const first = await manager.create(Room);
    const [before] = await holders();
    await manager.release(first);
    await manager.ping();
    expect(await manager.numberOfObjects()).toBe(0);
    await manager.create(Room);
    expect(await holders()).toEqual([before]);
  });

  it('has what was lost on its way as soon as the medium is back, and does not wait for a beat', async () => {
    const far = new Line(house.medium.host());
    await house.server([Hall], { name: 'far', transport: far, lease: 600_000 });
    const line = house.line();
    const hall = await house.manager({ transport: line }).create(Hall);
    let lost = 0;
    far.fortune = (_owner, lane) => {
      if (lane === 'frames') lost++;
      return lane === 'frames' ? 'lost' : 'arrives';
    };
    const answer = hall.enter();
    await until(() => lost > 0);
    far.fortune = () => 'arrives';
    line.reconnect();
    // The next beat is a hundred seconds away.
    expect(await answer).toBe('in');
  });

  it('is not that of another application', async () => {
    const other = house.manager();
    await Promise.all([manager.create(Room), other.create(Room)]);
    expect(new Set(await holders()).size).toBe(2);
    expect(server.sessions).toBe(2);
  });
});
