import { remote } from '../../definition/index.js';
import type { ArrayItem, Typecode } from './typecodes.js';

/** What the array in the server gives. */
interface Remote {
  at(index: number): unknown;
}

/** Members of an array's proxy that run in the application. */
export class ArrayMembers<C extends Typecode> {
  async *[Symbol.asyncIterator](): AsyncGenerator<ArrayItem<C>, void, undefined> {
    const array = remote<Remote>(this);
    for (let index = 0; ; index++) {
      const item = await array.at(index);
      // An array has no holes, and its length stays as it is.
      if (item === undefined) return;
      yield item as ArrayItem<C>;
    }
  }
}
