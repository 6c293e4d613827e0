import { remote } from '../../definition/index.js';
import { carried } from '../support/carried.js';

/** A dict as its client class calls it. */
interface DictRemote {
  update(entries: unknown): void;
  iterate(): Generator<[key: unknown, value: unknown], void, undefined>;
}

/** The members of a dict that run in the application. */
export class DictMembers {
  update(entries: unknown): Promise<void> {
    return remote<DictRemote>(this).update(carried(entries));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<[key: unknown, value: unknown], void, undefined> {
    yield* await remote<DictRemote>(this).iterate();
  }
}
