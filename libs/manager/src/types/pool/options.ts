import { checkCount } from '../support/count.js';
import { checkOptions } from '../support/options.js';
import { shown } from '../support/shown.js';

/** The options of `map` and the like. */
export function checkMap(options: unknown, member: string): { chunkSize: number } {
  const { chunkSize = 1 } = checkOptions(options ?? undefined, ['chunkSize'], member);
  return { chunkSize: checkCount(chunkSize, 1, `The option \`chunkSize\` of ${member}()`) };
}

/** Those of `imap` and the like. */
export function checkImap(
  options: unknown,
  member: string,
): { chunkSize: number; ahead: number | undefined; settled: boolean } {
  const {
    ahead,
    settled = false,
    ...rest
  } = checkOptions(options ?? undefined, ['chunkSize', 'ahead', 'settled'], member);
  if (typeof settled !== 'boolean') {
    throw new TypeError(`The option \`settled\` of ${member}() is true or false, got ${shown(settled)}.`);
  }
  const most = ahead === undefined ? undefined : checkCount(ahead, 1, `The option \`ahead\` of ${member}()`);
  return { ...checkMap(rest, member), ahead: most, settled };
}

/** While one is given to a thread, the next one is there already. */
export function aheadOf(size: number): number {
  return 2 * size;
}
