import type { LoggerService } from '@nestjs/common';
import { defineFactory, defineType, factoriesOf } from '../definition/index.js';
import type { AnyClass, SharedFactoryOptions } from '../definition/index.js';
import { ConfigurationError, type Limits } from '../protocol/index.js';
import { ManagerServer, silentLogger } from '../server/index.js';
import { MemoryMedium, type Transport } from '../transport/index.js';
import { builtInTypes, Manager, type PoolSettings } from '../types/index.js';

/** A shared type made by a function: the options of `@SharedFactory()`, and the function. */
export interface TestFactory extends SharedFactoryOptions {
  /** Makes an instance, or a promise of one, with the arguments of `manager.create`. */
  create: (...args: never[]) => unknown;
}

/** Options of `createTestManager`. */
export interface TestManagerOptions {
  /** Classes with `@SharedType()` to host; the built-in types are there anyhow. @default [] */
  types?: readonly AnyClass[];
  /** Types that functions make. @default [] */
  factories?: readonly TestFactory[];
  /** Instances of providers with `@SharedFactory()` methods. @default [] */
  providers?: readonly object[];
  /** Name of the server. @default 'default' */
  server?: string;
  /** Name of the first application in the census. @default 'test' */
  application?: string;
  /** Milliseconds after which a killed application loses what it held; 300 at least. @default 30000 */
  lease?: number;
  /** Milliseconds that a call waits for its answer. @default 30000 */
  timeout?: number;
  /** Bounds on what is sent and taken. */
  limits?: Partial<Limits>;
  /** What pools may do, as at a server: with tasks in TypeScript, `execArgv` names a loader. @default modules below the working directory */
  pools?: PoolSettings;
  /** Where the server logs. @default nowhere */
  logger?: LoggerService;
}

/** What `createTestManager` gives: a server in memory, and managers of it. */
export interface TestManager extends AsyncDisposable {
  /** The manager of the first application. */
  readonly manager: Manager;
  /** What connects them, for `medium.connect()`. */
  readonly medium: MemoryMedium;
  /** The option `transport` of `ManagerModule.forRoot`: the module's application reaches the same server. */
  readonly transport: () => Transport;
  /** The manager of one more application at the same server. */
  connect(options?: { application?: string; timeout?: number }): Manager;
  /**
   * Ends an application as a killed process ends: nothing is said, and what it held is given back when its `lease` is over.
   * Takes one of these managers.
   */
  kill(manager: Manager): void;
  /** Closes every manager, and then the server. Idempotent; `await using` does it, too. */
  close(): Promise<void>;
}

/** Calls under way do not keep a test from ending (ms). */
const CLOSE_TIMEOUT = 200;
const SHORTEST_LEASE = 300;

/**
 * A manager and a server that hosts these types, in memory and outside of Nest. Everything but Redis is the real thing:
 * sessions, leases, what is copied and what is refused.
 *
 * @throws ConfigurationError where a type or an option cannot work.
 *
 * @example
 * ```ts
 * await using test = await createTestManager({ types: [VisitCounter] });
 * const counter = await test.manager.create(VisitCounter);
 * ```
 */
export async function createTestManager(options: TestManagerOptions = {}): Promise<TestManager> {
  const medium = new MemoryMedium();
  const { types = [], factories = [], providers = [], lease, limits } = options;
  if (lease !== undefined && !(lease >= SHORTEST_LEASE)) {
    throw new ConfigurationError(`The shortest lease is ${SHORTEST_LEASE} ms, got ${lease}.`);
  }
  const server = new ManagerServer({
    transport: medium.connect(),
    builtIn: builtInTypes({ pools: options.pools, limits }),
    types: [
      ...types.map((type) => defineType(type)),
      ...factories.map(({ create, ...rest }) => defineFactory(rest, create)),
      ...providers.flatMap(factoriesOf),
    ],
    closeTimeout: CLOSE_TIMEOUT,
    logger: options.logger ?? silentLogger,
    ...(options.server !== undefined && { name: options.server }),
    ...(lease !== undefined && { lease }),
    ...(limits && { limits }),
  });
  await server.start();
  return new MemoryManager(medium, server, options);
}

class MemoryManager implements TestManager {
  readonly manager: Manager;
  readonly medium: MemoryMedium;
  readonly #server: ManagerServer;
  readonly #options: TestManagerOptions;
  readonly #transports = new Map<Manager, Transport>();
  #closing: Promise<void> | undefined;

  constructor(medium: MemoryMedium, server: ManagerServer, options: TestManagerOptions) {
    this.medium = medium;
    this.#server = server;
    this.#options = options;
    this.manager = this.connect({ application: options.application ?? 'test' });
  }

  readonly transport = (): Transport => this.medium.connect();

  connect({ application, timeout = this.#options.timeout }: { application?: string; timeout?: number } = {}): Manager {
    const { limits } = this.#options;
    const transport = this.medium.connect();
    const manager = new Manager({
      transport,
      ...(application !== undefined && { application }),
      ...(timeout !== undefined && { timeout }),
      ...(limits && { limits }),
    });
    this.#transports.set(manager, transport);
    return manager;
  }

  kill(manager: Manager): void {
    const transport = this.#transports.get(manager);
    if (!transport) throw new ConfigurationError('kill() takes a manager that connect() gave, or the first one.');
    this.medium.kill(transport);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#transports.keys()].map((manager) => manager.close()));
    await this.#server.close();
  }
}
