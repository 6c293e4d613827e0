import { releaseWithin, remote } from '../../definition/index.js';
import { carried } from '../support/carried.js';

type Others = readonly unknown[];

/** A set as its client class calls it. */
interface SetRemote extends Record<keyof SetMembers & string, (...others: Others) => unknown> {
  values(): unknown[];
}

/** The members of a set that run in the application. */
export class SetMembers {
  update(...others: Others): Promise<unknown> {
    return remote<SetRemote>(this).update(...others.map(carried));
  }

  intersectionUpdate(...others: Others): Promise<unknown> {
    return remote<SetRemote>(this).intersectionUpdate(...others.map(carried));
  }

  differenceUpdate(...others: Others): Promise<unknown> {
    return remote<SetRemote>(this).differenceUpdate(...others.map(carried));
  }

  symmetricDifferenceUpdate(other: unknown): Promise<unknown> {
    return remote<SetRemote>(this).symmetricDifferenceUpdate(carried(other));
  }

  union(...others: Others): Promise<unknown> {
    return remote<SetRemote>(this).union(...others.map(carried));
  }

  intersection(...others: Others): Promise<unknown> {
    return remote<SetRemote>(this).intersection(...others.map(carried));
  }

  difference(...others: Others): Promise<unknown> {
    return remote<SetRemote>(this).difference(...others.map(carried));
  }

  symmetricDifference(other: unknown): Promise<unknown> {
    return remote<SetRemote>(this).symmetricDifference(carried(other));
  }

  isSubsetOf(other: unknown): Promise<unknown> {
    return remote<SetRemote>(this).isSubsetOf(carried(other));
  }

  isSupersetOf(other: unknown): Promise<unknown> {
    return remote<SetRemote>(this).isSupersetOf(carried(other));
  }

  isDisjointFrom(other: unknown): Promise<unknown> {
    return remote<SetRemote>(this).isDisjointFrom(carried(other));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    const members = await remote<SetRemote>(this).values();
    let given = 0;
    try {
      while (given < members.length) yield members[given++];
    } finally {
      // Who leaves the loop never gets the others.
      releaseWithin(members.slice(given));
    }
  }
}
