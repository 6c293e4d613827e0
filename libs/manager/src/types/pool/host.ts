import { parse, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigurationError, DEFAULT_LIMITS, OverloadedError, type Limits } from '../../protocol/index.js';
import { shown } from '../support/shown.js';
import { SCHEME } from './task-module.js';

/** What pools may do at a server: its option `pools`. */
export interface PoolSettings {
  /**
   * Directories, or single files, whose modules pools may run: paths or `file:` URLs. What is in a `node_modules` folder below
   * them is left out; name that folder, or a package in it, to let it in. An empty list allows nothing.
   * @default the working directory of the server, unless that is the root of the disk
   */
  modules?: readonly (string | URL)[];
  /** Node's limits of each worker thread: `maxOldGenerationSizeMb` and others, in MB. @default those of Node */
  resourceLimits?: {
    maxOldGenerationSizeMb?: number;
    maxYoungGenerationSizeMb?: number;
    codeRangeSizeMb?: number;
    stackSizeMb?: number;
  };
  /** Options of Node for each worker thread, such as `['--import', 'tsx']`. @default those of the server */
  execArgv?: readonly string[];
}

/** What the pools of one server have in common. */
export class PoolHost {
  readonly settings: PoolSettings;
  readonly limits: Limits;
  readonly modules: readonly string[];
  /** Threads that its pools may have together, less those that they have. */
  #free: number;

  /** @throws ConfigurationError where a setting cannot be. */
  constructor(settings: PoolSettings = {}, limits: Partial<Limits> = {}) {
    this.settings = checkPools(settings);
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    this.modules = (settings.modules ?? workingDirectory()).map(pathOf);
    this.#free = this.limits.threads;
  }

  /**
   * Takes so many threads from what is free. The function gives them back, once.
   *
   * @throws RangeError where there could never be so many; OverloadedError where there are not now.
   */
  reserve(size: number): () => void {
    const { threads } = this.limits;
    if (size > threads) {
      throw new RangeError(
        `The size of a pool is at most ${threads} at this server (\`limits.threads\`), got ${size}.`,
      );
    }
    if (size > this.#free) {
      throw new OverloadedError(
        `The server has ${this.#free} of its ${threads} worker threads left (\`limits.threads\`), and the pool needs ${size}.`,
      );
    }
    this.#free -= size;
    let given = false;
    return () => {
      if (!given) this.#free += size;
      given = true;
    };
  }
}

/** Where a service is started without one it is the root: then everything on the disk would be allowed by nobody's decision. */
function workingDirectory(): string[] {
  const directory = process.cwd();
  return directory === parse(directory).root ? [] : [directory];
}

const KNOWN = ['modules', 'resourceLimits', 'execArgv'];
const RESOURCES = ['maxOldGenerationSizeMb', 'maxYoungGenerationSizeMb', 'codeRangeSizeMb', 'stackSizeMb'];

/** @throws ConfigurationError for what is no setting of pools. */
export function checkPools(settings: unknown): PoolSettings {
  if (typeof settings !== 'object' || settings === null) {
    throw new ConfigurationError('Expected the option `pools` to be an object, { modules, resourceLimits, execArgv }.');
  }
  const unknown = Object.keys(settings).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) {
    throw new ConfigurationError(`The option \`pools\` has no setting "${unknown}". It has: ${KNOWN.join(', ')}.`);
  }
  const { modules, resourceLimits, execArgv } = settings as Record<string, unknown>;
  if (modules !== undefined) {
    if (!Array.isArray(modules)) throw new ConfigurationError('Expected `pools.modules` to be a list of directories.');
    modules.forEach(pathOf);
  }
  if (execArgv !== undefined && !(Array.isArray(execArgv) && execArgv.every((one) => typeof one === 'string'))) {
    throw new ConfigurationError('Expected `pools.execArgv` to be a list of options of Node.');
  }
  if (resourceLimits === undefined) return settings;
  const isObject = typeof resourceLimits === 'object' && resourceLimits !== null;
  const odd = Object.entries(isObject ? resourceLimits : {}).find(
    ([name, value]) => !RESOURCES.includes(name) || typeof value !== 'number' || !(value > 0),
  );
  if (odd === undefined && isObject) return settings;
  throw new ConfigurationError(
    `Expected \`pools.resourceLimits\` to have numbers of MB for ${RESOURCES.join(', ')}, got ${odd?.join(': ') ?? shown(resourceLimits)}.`,
  );
}

function pathOf(place: unknown): string {
  try {
    if (place instanceof URL || (typeof place === 'string' && place.startsWith('file:'))) return fileURLToPath(place);
    if (typeof place === 'string' && place !== '' && !SCHEME.test(place)) return resolve(place);
  } catch {
    // Said below.
  }
  throw new ConfigurationError(
    `Expected \`pools.modules\` to be a list of paths or file: URLs, and one is ${String(place)}.`,
  );
}
