// A manager server that tells what happens in it, as a process of its own.
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Module, type LoggerService } from '@nestjs/common';
import { createManagerServer, ManagerServerModule, ManagerServerStrategy } from 'nestjs-manager';
import { serve, tell, workerOptions } from '../../../workers/dist/protocol.js';
import { resources } from '../../../workers/dist/resources.js';
import { serverMediumOf, type FaultyServerOptions } from './options.js';
import { Recorder } from './recorder.js';
import { Clerk, Jar, LoneClerk, Pantry, Spring, Tally, tellTo } from './types.js';
import { upsets } from './upsets.js';
import { Vault } from './vault.js';

const options = workerOptions<FaultyServerOptions>();
const { name, lease, by, file } = options;
const recorder = new Recorder(by, file);

/** Sessions begin and end in the log, and nowhere else. */
class History implements LoggerService {
  debug(message: unknown): void {
    this.#tell('debug', String(message));
  }
  log(message: unknown): void {
    this.#tell('log', String(message));
  }
  warn(message: unknown): void {
    this.#tell('warn', String(message));
  }
  error(message: unknown, stack?: string): void {
    this.#tell('error', `${String(message)}${stack ? `\n${stack}` : ''}`);
  }

  #tell(level: string, text: string): void {
    const [, session, rest] = /^Session (\S+) of (.*)$/s.exec(text) ?? [];
    const opened = /^(\S+) on .* opened$/.exec(rest ?? '')?.[1];
    const [, whose, reason] = /^(\S+) ended: (.*)$/.exec(rest ?? '') ?? [];
    if (session && opened) recorder.record({ kind: 'opened', session, application: opened });
    else if (session && whose && reason) recorder.record({ kind: 'ended', session, application: whose, reason });
    else if (level !== 'debug') recorder.record({ kind: 'log', level, text });
    tell({ kind: 'log', level, text });
  }
}

if (options.vault !== undefined) Clerk.vault = new Vault(options.vault);

@Module({
  imports: [
    ManagerServerModule.forRoot({
      ...serverMediumOf(options),
      name,
      lease,
      types: [Tally, Jar, Pantry, Spring, Clerk, LoneClerk],
    }),
  ],
})
class ServerModule {}

const app = await createManagerServer(ServerModule, { logger: new History() });
app.enableShutdownHooks();
const strategy = app.get(ManagerServerStrategy);
const generation = (): number => strategy.identity?.generation ?? 0;
tellTo(recorder, generation);
strategy.on('superseded', () => recorder.record({ kind: 'over', how: 'superseded' }));
try {
  await app.listen();
} catch (error) {
  tell({ kind: 'log', level: 'warn', text: `Did not come up: ${String(error)}` });
  process.exit(1);
}
recorder.record({ kind: 'listening', server: name, generation: generation() });

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that are kept, with what lies outside the heap: of that some is given back only when collected again. */
async function memory(): Promise<number> {
  collect();
  await sleep(10);
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const commands = { ...upsets, generation, resources, memory, close: (): Promise<void> => app.close() };
export type FaultyServerCommands = typeof commands;
serve(commands);
