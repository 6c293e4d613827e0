// The life of a manager server in a process of its own: `startManager` and `embedded` fork it and tell it what to host.
import 'reflect-metadata';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type INestMicroservice } from '@nestjs/common';
import type { ChildMessage, ParentMessage, StartMessage } from '../embedded/index.js';
import { ConfigurationError, encodeError } from '../protocol/index.js';
import { AddressTakenError } from '../transport/index.js';
import { createServer } from './create-manager-server.js';
import { hostingModule } from './hosting-module.js';
import { ManagerServerStrategy } from './manager-server.strategy.js';
import { endWithParent } from './parent-watch.js';

/** Ms after which a process that was asked to end does, whatever still runs in it, unless more time was asked for. */
const LONGEST_CLOSE = 15_000;
/** Ms of it that are not for calls under way. */
const BESIDES = 10_000;
/** Ms that the removal of the socket's file may take then. */
const LAST_ACT = 1000;
/** Ms between two looks whether somebody uses it. */
const LOOK = 250;

let app: INestMicroservice | undefined;
let strategy: ManagerServerStrategy | undefined;
let closing: Promise<void> | undefined;
let independent = false;

for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
  // A second one ends it where it stands.
  process.on(signal, () => void (closing ? cut() : close(0)));
}
// Whoever started it may be gone, and its terminal with it.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

process.on('disconnect', () => {
  if (!independent) void close(0);
});
process.on('message', (message: ParentMessage) => {
  if ('stop' in message) return void close(0, message.stop.timeout);
  start(message.start).then(
    (address) => tell({ listening: address }),
    (error: unknown) => {
      const taken = error instanceof AddressTakenError;
      tell({ failed: encodeError(error), taken }, () => void close(1));
    },
  );
});

async function start(told: StartMessage['start']): Promise<string> {
  const { module, initializer, listen, name, authkey, idle, parent } = told;
  independent = parent === undefined;
  if (parent !== undefined) endWithParent(parent, () => void close(0));
  if (initializer !== undefined) {
    const run = await defaultOf(initializer);
    if (typeof run !== 'function') {
      throw new ConfigurationError(`The default export of the initializer ${initializer} is no function.`);
    }
    await run();
  }
  const hosted = await defaultOf(module);
  const nest = { abortOnError: false, logger: ['warn' as const, 'error' as const, 'fatal' as const] };
  const overrides = { listen, ...(name !== undefined && { name }), ...(authkey && { authkey }) };
  app = await createServer(await hostingModule(hosted, module), nest, overrides);
  const server = app.get(ManagerServerStrategy, { strict: false });
  strategy = server;
  server.on('superseded', () => void close(1));
  await app.listen();
  if (idle !== undefined) endWhenUnused(server, idle);
  return server.address as string;
}

async function defaultOf(url: string): Promise<unknown> {
  return ((await import(url)) as { default?: unknown }).default;
}

function endWhenUnused(server: ManagerServerStrategy, idle: number): void {
  let since = performance.now();
  setInterval(() => {
    if (server.inUse) since = performance.now();
    else if (performance.now() - since >= idle) void close(0);
  }, LOOK);
}

function tell(message: ChildMessage, sent: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent);
  else sent();
}

/** In order, in `patience` ms at most, or in what its own calls may take if that is longer. */
function close(status: number, patience = 0): Promise<void> {
  return (closing ??= (async () => {
    const longest = Math.max(LONGEST_CLOSE, patience, (strategy?.closeTimeout ?? 0) + BESIDES);
    // setTimeout knows no longer one.
    setTimeout(() => void cut(), Math.min(longest, 2 ** 31 - 1));
    try {
      await app?.close();
    } catch (error) {
      new Logger('ManagerServer').error(error);
    }
    process.exit(status);
  })());
}

/** Ends it whatever still runs; no file of its socket stays behind. */
async function cut(): Promise<void> {
  await Promise.race([strategy?.disconnect().catch(() => undefined), sleep(LAST_ACT)]);
  process.exit(1);
}
