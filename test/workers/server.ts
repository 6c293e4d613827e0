// A manager server as a process of its own.
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import {
  createManagerServer,
  InjectManager,
  Manager,
  ManagerServerModule,
  ManagerServerStrategy,
  SharedFactory,
} from 'nestjs-manager';
import { Atlas, Shelf, Source, Spot, Treasure } from './containers.js';
import { Heap } from './heap.js';
import { ReportingLogger } from './logger.js';
import { serve, tell, workerOptions, type ServerOptions } from './protocol.js';
import { resources } from './resources.js';
import { suiteTypes } from './suite-types.js';
import { Caller, Counter, Family, Faulty, Grumpy, note, noted, Room, RoomFullError, Thing, Vault } from './types.js';

const { suites = [], ...options } = workerOptions<ServerOptions>();

@Injectable()
class Surnames {
  next(): string {
    return `Family ${note('surname')}`;
  }
}

@Injectable()
class Factories {
  constructor(
    private readonly surnames: Surnames,
    @InjectManager() private readonly manager: Manager,
  ) {}

  /** Fails for everybody who waits for it, as often as it is told to. */
  @SharedFactory({ typeid: 'Fragile', type: Room })
  async fragile(name: string, failures: number): Promise<Room> {
    const attempt = note(`attempt ${name}`);
    await sleep(1500);
    if (attempt <= failures) throw new RoomFullError(attempt);
    return new Room(name);
  }

  @SharedFactory({ typeid: 'SlowRoom', type: Room })
  async slow(name: string, ms: number): Promise<Room> {
    note('slow started');
    await sleep(ms);
    return new Room(name);
  }

  /** Makes objects in the server that it runs in, by that server's own manager. */
  @SharedFactory({ typeid: 'Family', type: Family })
  async family(children: number): Promise<Family> {
    const counter = await this.manager.get(Counter, 'children of all families');
    const sum = await counter.increment(children);
    const made = await Promise.all(Array.from({ length: children }, () => this.manager.create(Counter, 7)));
    const values = await Promise.all(made.map((child) => child.value()));
    await Promise.all(made.map((child) => this.manager.release(child)));
    return new Family(`${this.surnames.next()} of ${values.join('+')}`, sum);
  }
}

@Module({
  imports: [
    ManagerServerModule.forRoot({ ...options, types: [Counter, Room, Thing, Faulty, Grumpy, Vault] }),
    ManagerServerModule.forFeature([Caller, Treasure, Shelf, Atlas, Spot, Source]),
    ManagerServerModule.forFeature(await suiteTypes(suites)),
  ],
  providers: [Surnames, Factories],
})
class ServerModule {}

const app = await createManagerServer(ServerModule, { logger: new ReportingLogger() });
app.enableShutdownHooks(['SIGTERM', 'SIGINT']);
const strategy = app.get(ManagerServerStrategy);
strategy.on('superseded', (error) => tell({ kind: 'log', level: 'event', text: `superseded: ${error.message}` }));
await app.listen();

const commands = {
  /** How often what happened here. */
  noted,
  identity: () => strategy.identity,
  heap: () => Heap.used(),
  collect: () => Heap.collect(),
  resources,
  close: () => app.close(),
};
export type ServerCommands = typeof commands;
serve(commands);
