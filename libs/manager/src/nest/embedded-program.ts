// The program of a manager server in a process of its own: `startManager` and `embedded` fork it and tell it what to host.
import 'reflect-metadata';
import process from 'node:process';
import { Logger, type INestMicroservice } from '@nestjs/common';
import type { ChildMessage, ParentMessage, StartMessage } from '../embedded/index.js';
import { ConfigurationError, encodeError } from '../protocol/index.js';
import { AddressTakenError } from '../transport/index.js';
import { createServer } from './create-manager-server.js';
import { hostingModule } from './hosting-module.js';
import { ManagerServerStrategy } from './manager-server.strategy.js';

/** Ms after which a process that was asked to end does, whatever still runs in it. */
const LONGEST_CLOSE = 15_000;
/** Ms between two looks whether somebody uses it. */
const LOOK = 250;

let app: INestMicroservice | undefined;
let closing: Promise<void> | undefined;

// The terminal sends it to everybody in it; this one is needed until its parent has closed.
process.on('SIGINT', () => undefined);
// A second one ends it where it stands.
process.on('SIGTERM', () => (closing ? process.exit(1) : void close(0)));
process.on('disconnect', () => {
  if (!independent) void close(0);
});
// Whoever started it may be gone, and its terminal with it.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

let independent = false;

process.on('message', (message: ParentMessage) => {
  if ('stop' in message) return void close(0);
  start(message.start).then(
    (address) => tell({ listening: address }),
    (error: unknown) => {
      const taken = error instanceof AddressTakenError;
      tell({ failed: encodeError(error), taken }, () => void close(1));
    },
  );
});

async function start({ module, initializer, listen, name, authkey, idle }: StartMessage['start']): Promise<string> {
  independent = idle !== undefined;
  if (initializer !== undefined) {
    const run = await defaultOf(initializer);
    if (typeof run !== 'function') {
      throw new ConfigurationError(`The default export of the initializer ${initializer} is no function.`);
    }
    await run();
  }
  const hosted = await defaultOf(module);
  const nest = { abortOnError: false, logger: ['warn' as const, 'error' as const, 'fatal' as const] };
  const told = { listen, ...(name !== undefined && { name }), ...(authkey && { authkey }) };
  app = await createServer(await hostingModule(hosted, module), nest, told);
  const strategy = app.get(ManagerServerStrategy, { strict: false });
  strategy.on('superseded', () => void close(1));
  await app.listen();
  if (idle !== undefined) endWhenUnused(strategy, idle);
  return strategy.address as string;
}

async function defaultOf(url: string): Promise<unknown> {
  return ((await import(url)) as { default?: unknown }).default;
}

function endWhenUnused(strategy: ManagerServerStrategy, idle: number): void {
  let since = performance.now();
  setInterval(() => {
    if (strategy.inUse) since = performance.now();
    else if (performance.now() - since >= idle) void close(0);
  }, LOOK);
}

function tell(message: ChildMessage, sent: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent);
  else sent();
}

function close(status: number): Promise<void> {
  setTimeout(() => process.exit(1), LONGEST_CLOSE).unref();
  return (closing ??= (async () => {
    try {
      await app?.close();
    } catch (error) {
      new Logger('ManagerServer').error(error);
    }
    process.exit(status);
  })());
}
