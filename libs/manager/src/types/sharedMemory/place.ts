import { join } from 'node:path';
import { BlockUnreachableError, ProtocolError } from '../../protocol/index.js';
import { thisSite, userFolder, type Site } from './site.js';

/** Where a block is, as its server tells applications. None of it is a path: those they make themselves. */
export interface Place extends Site {
  /** The folder of one start of a server, below that of its user. */
  readonly folder: string;
  readonly file: string;
  /** What the file begins with, after which nobody takes another one for it. */
  readonly token: string;
  /** Bytes of the block. */
  readonly size: number;
  /** What its creator called this very creation. */
  readonly made?: string;
}

export const FOLDER = /^[0-9a-f]{16}$/;
const FILE = /^[0-9a-f]{32}$/;

/**
 * What a server said, checked: it may be anybody's.
 *
 * @throws ProtocolError where it is no place.
 */
export function placeOf(value: unknown): Place {
  const place = (typeof value === 'object' && value !== null ? value : {}) as Record<keyof Place, unknown>;
  const { machine, user, root, folder, file, token, size } = place;
  if (
    [machine, user, root].every((one) => typeof one === 'string') &&
    matches(FOLDER, folder) &&
    matches(FILE, file) &&
    matches(FILE, token) &&
    Number.isSafeInteger(size) &&
    (size as number) > 0
  ) {
    return place as Place;
  }
  throw new ProtocolError('The server told of a block of shared memory what cannot be so.');
}

/**
 * The path of a block, here.
 *
 * @throws BlockUnreachableError where it cannot be here.
 */
export function pathOf(place: Place, site: Site = thisSite()): string {
  if (place.machine !== site.machine) {
    throw unreachable(
      place,
      site,
      'it is in the memory of another machine. Shared memory is for processes of one machine',
    );
  }
  if (place.user !== site.user) {
    throw unreachable(place, site, `it belongs to the user ${place.user}, and this process runs as ${site.user}`);
  }
  return join(userFolder(site), place.folder, place.file);
}

export function unreachable(place: Place, site: Site, why: string, cause?: unknown): BlockUnreachableError {
  const elsewhere =
    place.root === site.root ? '' : ` Its server has it below ${place.root}, this process looks below ${site.root}.`;
  return new BlockUnreachableError(`The block of shared memory cannot be reached from here: ${why}.${elsewhere}`, {
    fate: 'not-executed',
    ...(cause !== undefined && { cause }),
  });
}

function matches(pattern: RegExp, value: unknown): boolean {
  return typeof value === 'string' && pattern.test(value);
}
