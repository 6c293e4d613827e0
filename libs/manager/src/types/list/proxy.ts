import { remote } from '../../definition/index.js';
import { carried } from '../support/carried.js';

/** A list as its client class calls it. */
interface ListRemote {
  extend(values: unknown): void;
  item(index: number): [item: unknown] | undefined;
}

/** The members of a list that run in the application. */
export class ListMembers {
  extend(values: unknown): Promise<void> {
    return remote<ListRemote>(this).extend(carried(values));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    const list = remote<ListRemote>(this);
    for (let index = 0; ; index++) {
      const item = await list.item(index);
      if (!item) return;
      yield item[0];
    }
  }
}
