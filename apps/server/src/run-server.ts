import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import { ConsoleLogger, Logger, type INestMicroservice } from '@nestjs/common';
import { createManagerServer, ManagerServerStrategy } from 'nestjs-manager';
import { loadModules } from './module-loader.js';
import { redactedUrl } from './redacted-url.js';
import { serverModule } from './server.module.js';
import type { Settings } from './settings.js';
import { onStopSignal } from './stop-signals.js';

/** Milliseconds without being ready after which an operator is told what that may mean. */
const PATIENCE = 5000;

/**
 * Hosts the modules of the settings until a signal asks to stop or another server takes the name over. Resolves with the
 * exit status.
 *
 * @throws ModuleLoadError, and whatever keeps the server from starting.
 */
export async function runServer(settings: Settings): Promise<number> {
  const logger = new ConsoleLogger({
    logLevels: [settings.logLevel],
    json: settings.logJson,
    colors: isatty(1) && !process.env['NO_COLOR'] && !settings.logJson,
  });
  Logger.overrideLogger(logger);
  const log = new Logger('Server');
  const ended = new Ending();
  onStopSignal((signal) => {
    log.log(`${signal}: closing. A second signal ends the process at once.`);
    ended.with(0);
  });

  log.log(`nestjs-manager server ${version('../package.json')}, Node ${process.version}, process ${process.pid}`);
  const { redis, namespace, authkey } = settings;
  log.log(
    settings.listen === undefined
      ? `Redis ${redactedUrl(redis)}, namespace "${namespace}"`
      : `Listens at ${settings.listen}`,
  );
  if (authkey) log.log(`Takes ${authkey.length === 1 ? 'one authkey' : `${authkey.length} authkeys`}`);
  log.log(`Name "${settings.name}", lease ${settings.lease} ms${settings.takeover ? ', takes the name over' : ''}`);
  const hosted = await loadModules(settings.modules, process.cwd());
  for (const specifier of settings.modules) log.log(`Hosts ${specifier}`);

  // Not Nest's abort: it would end the process with the error's stack, and without closing what was started.
  const app = await createManagerServer(serverModule(settings, hosted), { logger, abortOnError: false });
  const strategy = app.get(ManagerServerStrategy);
  strategy.on('superseded', () => {
    log.error('Another server took the name over: this one ends. What it hosted is lost.');
    ended.with(1);
  });

  // Initialized first: from then on a close() at any moment also ends a listen() that waits for Redis or the name.
  await app.init();
  const failure = ended.begun ? undefined : await Promise.race([listen(app, strategy, log), ended.status]);
  if (failure instanceof Error) {
    log.error(`The server did not start: ${failure.message}`, failure.stack);
    ended.with(1);
  }
  const status = await ended.status;
  await close(app, log);
  return status;
}

/** How the process ends: whatever was said first. */
class Ending {
  readonly status: Promise<number>;
  begun = false;
  #resolve!: (status: number) => void;

  constructor() {
    this.status = new Promise((resolve) => (this.#resolve = resolve));
  }

  with(status: number): void {
    this.begun = true;
    this.#resolve(status);
  }
}

/** Gives the error where it fails. Not ready is no failure: Redis, or the lease of a predecessor, is waited for. */
async function listen(
  app: INestMicroservice,
  strategy: ManagerServerStrategy,
  log: Logger,
): Promise<Error | undefined> {
  const since = performance.now();
  const slow = setInterval(() => {
    const seconds = Math.round((performance.now() - since) / 1000);
    log.warn(`Not ready after ${seconds} s: Redis cannot be reached, or another server holds the name.`);
  }, PATIENCE);
  try {
    await app.listen();
    const time = Math.round(performance.now() - since);
    log.log(`Ready after ${time} ms: "${strategy.identity?.name}", generation ${strategy.identity?.generation}`);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    clearInterval(slow);
  }
}

/**
 * `close()` rather than Nest's shutdown hooks for signals: those destroy the hosted modules first, while calls that need
 * them still run. This way the server finishes its calls, and then the hooks are called, all of them.
 */
async function close(app: INestMicroservice, log: Logger): Promise<void> {
  const since = performance.now();
  await app.close();
  log.log(`Closed after ${Math.round(performance.now() - since)} ms`);
}

function version(path: string): string {
  const { version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string };
  return version;
}
