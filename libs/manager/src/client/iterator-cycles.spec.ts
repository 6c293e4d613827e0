import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keep, SharedType, type SharedProxy } from '../definition/index.js';
import type { ManagerServer } from '../server/index.js';
import { House, until } from './house.suite.js';
import type { Manager } from './index.js';

let closed = 0;
@SharedType()
class Feed {
  #own: unknown;
  *items(): Generator<number> {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      closed++;
    }
  }
  async watch(self: SharedProxy<Feed>): Promise<number> {
    const items = await self.items();
    const { value } = await items.next();
    this.#own = keep(items as never, this);
    return value as number;
  }
  size(): unknown {
    return this.#own;
  }
}

describe('an object that keeps an open iterator of its own', () => {
  let house: House;
  let server: ManagerServer;
  let manager: Manager;
  beforeEach(async () => {
    house = new House();
    server = await house.server([Feed]);
    manager = house.manager();
  });
  afterEach(() => house.close());
  it('is freed with it', async () => {
    const feed = await manager.create(Feed);
    expect(await feed.watch(feed)).toBe(0);
    await manager.release(feed);
    await until(() => server.table.size === 0);
    expect(closed).toBe(1);
  });
});
