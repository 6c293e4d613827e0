// A Nest application that wants what others want at the same time.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getManagerToken, ManagerModule, type Manager } from 'nestjs-manager';
import { ReportingLogger } from './logger.js';
import { serve, workerOptions, type ApplicationOptions } from './protocol.js';

@Module({ imports: [ManagerModule.forRoot(workerOptions<ApplicationOptions>())] })
class ContenderModule {}

const app = await NestFactory.createApplicationContext(ContenderModule, { logger: new ReportingLogger() });
const manager = app.get<Manager>(getManagerToken());

/** So many at the same time. */
const side = <R>(count: number, fn: (index: number) => Promise<R>): Promise<R[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => fn(index)));

export interface Meeting {
  index: number;
  counted: number;
}

/** What a bounded buffer is made of. */
export interface BufferNames {
  items: string;
  lock: string;
  notFull: string;
  notEmpty: string;
}

async function bounded(names: BufferNames) {
  const lock = await manager.named(names.lock).lock();
  return {
    items: await manager.named(names.items).list<[number, number]>(),
    notFull: await manager.named(names.notFull).condition(lock),
    notEmpty: await manager.named(names.notEmpty).condition(lock),
  };
}

const commands = {
  /** Adds to a value that it reads and writes, each time under a lock; so many tasks, so often each. */
  async increment(lock: string, value: string, tasks: number, times: number): Promise<void> {
    const guard = await manager.named(lock).lock();
    const count = await manager.named(value).value(0);
    await side(tasks, async () => {
      for (let i = 0; i < times; i++) {
        await guard.runExclusive(async () => count.set((await count.get()) + 1));
      }
    });
  },

  /** Puts `[producer, 0]`, `[producer, 1]` … into a bounded queue. */
  async produce(queue: string, size: number, producer: number, count: number): Promise<void> {
    const items = await manager.named(queue).queue<[number, number]>(size);
    for (let i = 0; i < count; i++) await items.put([producer, i]);
  },

  /** Takes items until the queue is shut down; gives the numbers that came, by producer. */
  async consume(queue: string, size: number): Promise<number[][]> {
    const items = await manager.named(queue).queue<[number, number]>(size);
    const got: number[][] = [];
    for await (const [producer, number] of items) {
      (got[producer] ??= []).push(number);
      await items.taskDone();
    }
    return got;
  },

  /** Waits until everything was taken and done, and shuts the queue down. */
  async finish(queue: string, size: number): Promise<void> {
    const items = await manager.named(queue).queue(size);
    await items.join();
    await items.shutdown();
  },

  /**
   * So many parties go through a barrier together, so often. Each round every party counts first; gives what each party
   * found: its index, and the count once it was through.
   */
  async meet(barrier: string, counter: string, all: number, parties: number, rounds: number): Promise<Meeting[][]> {
    const meeting = await manager.named(barrier).barrier(all);
    const count = await manager.named(counter).value(0);
    return side(parties, async () => {
      const met: Meeting[] = [];
      for (let round = 0; round < rounds; round++) {
        await count.add(1);
        met.push({ index: await meeting.wait(), counted: await count.get() });
      }
      return met;
    });
  },

  /** Puts `[producer, 0]`, `[producer, 1]` … into a list that never has more than `size` items. */
  async fill(buffer: BufferNames, size: number, producer: number, count: number): Promise<void> {
    const { items, notFull, notEmpty } = await bounded(buffer);
    for (let i = 0; i < count; i++) {
      await notFull.runExclusive(async () => {
        await notFull.waitFor(async () => (await items.length()) < size);
        if ((await items.push([producer, i])) > size) throw new Error('The buffer has more than its size');
        await notEmpty.notify();
      });
    }
  },

  /** Takes so many items out of it; gives the numbers that came, by producer. */
  async drain(buffer: BufferNames, count: number): Promise<number[][]> {
    const { items, notFull, notEmpty } = await bounded(buffer);
    const got: number[][] = [];
    for (let i = 0; i < count; i++) {
      await notEmpty.runExclusive(async () => {
        await notEmpty.waitFor(async () => (await items.length()) > 0);
        const [producer, number] = (await items.shift()) as [number, number];
        (got[producer] ??= []).push(number);
        await notFull.notify();
      });
    }
    return got;
  },
};
export type ContenderCommands = typeof commands;
serve(commands);
