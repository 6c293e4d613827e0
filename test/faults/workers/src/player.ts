// An application that uses everything at once, and keeps account of what it did and was told.
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getManagerToken, ManagerModule, type HolderDebugInfo, type Manager } from 'nestjs-manager';
import { ReportingLogger } from '../../../workers/dist/logger.js';
import { serve, workerOptions } from '../../../workers/dist/protocol.js';
import { Random } from '../../../workers/dist/random.js';
import { Calls } from './calls.js';
import { mediumOf, type PlayerOptions } from './options.js';
import { count, countAlone } from './play-counting.js';
import { lock } from './play-locks.js';
import { consume, produce } from './play-queues.js';
import { refer } from './play-references.js';
import type { Game } from './game.js';
import { Recorder } from './recorder.js';
import { Tally } from './types.js';
import { upsets } from './upsets.js';
import { Vault } from './vault.js';

const options = workerOptions<PlayerOptions>();
const recorder = new Recorder(options.by, options.file);

@Module({ imports: [ManagerModule.forRoot({ ...mediumOf(options), application: options.by, timeout: 6000 })] })
class PlayerModule {}

const app = await NestFactory.createApplicationContext(PlayerModule, { logger: new ReportingLogger() });
const manager = app.get<Manager>(getManagerToken());
manager.status$.subscribe((status) => recorder.record({ kind: 'status', status }));
const calls = new Calls(recorder);
const vault = new Vault(options.vault);
const playing: Promise<unknown>[] = [];
const over = new AbortController();

/** The jar in a pantry is the pantry's, which has a name. */
const isMine = ({ kind }: HolderDebugInfo): boolean => kind === 'object';

const commands = {
  ...upsets,

  play(): void {
    const game: Game = { manager, calls, recorder, vault, random: new Random(options.seed), over: over.signal };
    const at = (turn: number): string => options.servers[turn % options.servers.length] as string;
    playing.push(
      ...options.servers.map((server) => count(game, server)),
      countAlone(game, at(0)),
      lock(game, at(0), 'lock'),
      lock(game, at(1), 'rlock'),
      produce(game, at(1)),
      consume(game, at(1)),
      refer(game, at(0)),
    );
  },

  /** One more call of each server, now: those that did not answer. */
  async check(): Promise<string[]> {
    const failed: string[] = [];
    for (const server of options.servers) {
      const tally = manager.with(manager.at(server).named(`tally ${server}`).lazy(Tally), { timeout: 3000 });
      // By a proxy that has yet to find its object, so that later calls of others may start before it.
      const answer = await calls.make('other', 3000, (call) => tally.count(call));
      if (!answer) failed.push(server);
      await manager.release(tally);
    }
    return failed;
  },

  /** Ends the game: resolves once every call has ended. */
  async stop(): Promise<void> {
    over.abort();
    await Promise.all(playing);
    while (calls.under > 0) await sleep(10);
  },

  status: (): string => {
    let now = '';
    manager.status$.subscribe((status) => (now = status)).unsubscribe();
    return now;
  },

  /** Objects that have no name, and who holds them. */
  async nameless(): Promise<string[]> {
    const { servers } = await manager.debugInfo();
    return servers.flatMap(({ server, objects }) =>
      objects
        .filter(({ name, holders }) => name === undefined && !holders.some(isMine))
        .map(({ typeid, id, holders }) => `${server}: ${typeid} #${id}, held by ${JSON.stringify(holders)}`),
    );
  },

  /** What is left in the queues, which queues these are, and then no names any more. */
  async drain(): Promise<{ left: string[]; queues: string[] }> {
    const [left, queues]: [string[], string[]] = [[], []];
    for (const server of options.servers) {
      await using queue = await manager.at(server).named(`queue ${server}`).queue<string>();
      const token = manager.token(queue);
      queues.push(`${token?.generation}#${token?.id}`);
      while (!(await queue.empty())) left.push(await queue.getNowait());
    }
    const { servers } = await manager.debugInfo();
    const named = servers.flatMap(({ objects }) => objects);
    for (const { typeid, name } of named) if (name !== undefined) await manager.unlink(typeid, name);
    return { left, queues };
  },

  async objects(): Promise<string[]> {
    const { servers } = await manager.debugInfo();
    return servers.flatMap(({ server, objects }) =>
      objects.map(({ typeid, id, name, holders }) => `${server}: ${typeid} #${id} ${name}, ${JSON.stringify(holders)}`),
    );
  },

  async close(): Promise<void> {
    await app.close();
    vault.close();
    recorder.record({ kind: 'over', how: 'closed' });
  },
};
export type PlayerCommands = typeof commands;
serve(commands);
