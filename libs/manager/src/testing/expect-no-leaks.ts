import type { Manager } from '../client/index.js';
import { development } from '../definition/index.js';
import { ConfigurationError, type ObjectDebugInfo } from '../protocol/index.js';
import { leakReport } from './leak-report.js';
import { leaksIn } from './leaks.js';

/** Options of `expectNoLeakedReferences`. */
export interface LeakOptions {
  /** Milliseconds that what is being released has to be gone. @default 1000 */
  within?: number;
  /** Says of an object that it may stay, with what it keeps. @default none */
  ignore?: (object: ObjectDebugInfo) => boolean;
}

/** Ms between two looks. */
const AGAIN = 10;

/**
 * Throws, with a census of what is left, unless every reference was released. For the end of a test. It waits for releases
 * that are on their way, but not for the garbage collector.
 *
 * These are leaks, at all live servers of the manager's namespace:
 *
 * - an object without a name that an application, a ticket or code of the server holds, or that no object with a name
 *   keeps, whoever else holds it
 * - an object with a name that this manager's application holds by a proxy that is its to release
 *
 * These are none: names themselves, and what objects with names keep; proxies that `@InjectShared()` injects or
 * `named().lazy()` makes, which last as long as the application; what other applications hold of objects with names.
 *
 * @throws Error with the census; ConfigurationError in production (`NODE_ENV`), where it is not known what proxies stand
 * for which object; what `manager.debugInfo()` throws.
 *
 * @example
 * ```ts
 * afterEach(() => expectNoLeakedReferences(manager));
 * ```
 */
export async function expectNoLeakedReferences(manager: Manager, options: LeakOptions = {}): Promise<void> {
  const { within = 1000, ignore = () => false } = options;
  if (!development) {
    throw new ConfigurationError(
      'expectNoLeakedReferences() cannot tell proxies apart with NODE_ENV=production. Set another one for tests.',
    );
  }
  const until = performance.now() + within;
  for (;;) {
    const leaks = leaksIn(await manager.debugInfo(), manager, ignore);
    if (leaks.length === 0) return;
    if (performance.now() >= until) throw new Error(leakReport(leaks, within, Date.now()));
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}
