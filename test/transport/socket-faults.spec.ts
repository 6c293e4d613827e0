// A medium over sockets whose connections are cut, whose processes are stopped or killed, whose hub is replaced.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { defineType, SharedType, type SharedProxy } from '../../libs/manager/src/definition/index.js';
import { ManagerServer, silentLogger } from '../../libs/manager/src/server/index.js';
import {
  defaultAddress,
  SocketHub,
  SocketTransport,
  type SocketTransportOptions,
  type Transport,
} from '../../libs/manager/src/transport/index.js';
import { Recorder, bytes, eventually } from '../../libs/manager/src/transport/recorder.suite.js';
import { Manager } from '../../libs/manager/src/types/index.js';
import { until } from '../support/until.js';
import { Worker } from '../support/worker.js';
import type { ServerCommands } from '../workers/server.js';
import type { Counter } from '../workers/types.js';
import { startProxy, type TcpProxy } from './tcp-proxy.js';

jest.setTimeout(60_000);

const TTL = 60_000;

@SharedType()
class Tally {
  #count = 0;
  readonly #seen = new Set<number>();

  add(number: number): number {
    if (this.#seen.has(number)) throw new Error(`${number} was added twice`);
    this.#seen.add(number);
    return ++this.#count;
  }

  count(): number {
    return this.#count;
  }
}

describe('over sockets', () => {
  let open: { close(): Promise<unknown> }[];
  const problems: unknown[] = [];
  const onProblem = (problem: unknown): void => void problems.push(problem);
  const later = <T extends { close(): Promise<unknown> }>(made: T): T => {
    open.push(made);
    return made;
  };
  const client = async (options: SocketTransportOptions): Promise<SocketTransport> => {
    const made = later(new SocketTransport({ timeout: 800, ...options }));
    await made.open();
    return made;
  };
  const listen = async (address = 'tcp://127.0.0.1:0'): Promise<SocketHub> => {
    const hub = later(new SocketHub({ listen: address }));
    await hub.open();
    return hub;
  };
  const way = async (hub: SocketHub): Promise<TcpProxy> =>
    later(await startProxy(Number(hub.address.split(':').at(-1))));
  const through = (proxy: TcpProxy): SocketTransportOptions => ({ address: `tcp://127.0.0.1:${proxy.port}` });
  /** Sends as a link does: one after another until each was taken. */
  const insist = (from: Transport, text: string): Promise<void> =>
    eventually(() => from.write('a', 'frames', bytes(text)));

  beforeEach(() => {
    open = [];
    problems.length = 0;
    process.on('unhandledRejection', onProblem);
  });
  afterEach(async () => {
    for (const each of open.reverse()) await each.close();
    process.off('unhandledRejection', onProblem);
    expect(problems).toEqual([]);
  });

  describe('a connection that is cut', () => {
    it('loses nothing that was written to its owner, in its order', async () => {
      const hub = await listen();
      const proxy = await way(hub);
      const owner = await client(through(proxy));
      const sender = later(hub.connect());
      await sender.open();
      const reader = new Recorder();
      await owner.openInbox('a', { ttl: TTL }, reader);
      const count = 6000;
      for (let index = 0; index < count; index += 1) {
        expect(await sender.write('a', 'frames', bytes(`${index}`))).toBe(true);
        if (index % 100 === 0) proxy.cut();
        if (index % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await reader.until(() => reader.texts().at(-1) === `${count - 1}`);
      // What came twice came after a restart, and from the first item that was not confirmed.
      const seen = [...new Set(reader.texts())];
      expect(seen).toEqual(Array.from({ length: count }, (_, index) => `${index}`));
      expect(reader.restarts).toBeGreaterThan(0);
    });

    it('keeps its order for one who writes and tries again', async () => {
      const hub = await listen();
      const proxy = await way(hub);
      const sender = await client(through(proxy));
      const owner = later(hub.connect());
      await owner.open();
      const reader = new Recorder();
      await owner.openInbox('a', { ttl: TTL }, reader);
      for (let index = 0; index < 300; index += 1) {
        if (index % 20 === 0) proxy.cut();
        await insist(sender, `${index}`);
      }
      await reader.until(() => reader.texts().at(-1) === '299');
      expect([...new Set(reader.texts())]).toEqual(Array.from({ length: 300 }, (_, index) => `${index}`));
    });

    it('loses and repeats no call, however often that happens', async () => {
      const hub = await listen();
      const proxy = await way(hub);
      const server = later(
        new ManagerServer({ transport: hub.connect(), types: [defineType(Tally)], logger: silentLogger, lease: 5000 }),
      );
      await server.start();
      const manager = later(new Manager({ transport: new SocketTransport(through(proxy)), application: 'cut' }));
      const tally = await manager.create(Tally);
      let next = 0;
      const results: number[] = [];
      const caller = async (): Promise<void> => {
        while (next < 4000) results.push(await tally.add(next++));
      };
      let cuts = 0;
      const cutter = setInterval(() => {
        proxy.cut();
        cuts += 1;
      }, 30);
      await Promise.all(Array.from({ length: 16 }, caller));
      clearInterval(cutter);
      expect(cuts).toBeGreaterThan(3);
      expect(new Set(results).size).toBe(results.length);
      expect(await tally.count()).toBe(results.length);
    });

    it('fails what was under way: a write is answered false, a claim rejects', async () => {
      const hub = await listen();
      const proxy = await way(hub);
      const sender = await client(through(proxy));
      const owner = later(hub.connect());
      await owner.open();
      await owner.openInbox('a', { ttl: TTL }, new Recorder());
      proxy.silence();
      const written = sender.write('a', 'frames', bytes('x'));
      const claimed = sender.claims.nextGeneration().catch((error: Error) => error.name);
      await new Promise((resolve) => setTimeout(resolve, 50));
      proxy.cut();
      expect(await written).toBe(false);
      expect(await claimed).toBe('MediumError');
    });

    it('that is half open is noticed, and made again', async () => {
      const hub = await listen();
      const proxy = await way(hub);
      const sender = await client(through(proxy));
      const states: string[] = [];
      sender.onState((state) => states.push(state));
      proxy.silence();
      await eventually(() => sender.state === 'connecting');
      expect(sender.lastError?.message).toMatch(/no answer from tcp:.* within 800 ms|was closed/);
      expect(await sender.write('a', 'frames', bytes('x'))).toBe(false);
      proxy.speak();
      await eventually(() => sender.state === 'connected');
      expect(states.slice(0, 2)).toEqual(['connecting', 'connected']);
    });
  });

  describe('a hub that is replaced', () => {
    it('has the inboxes of its clients again, and higher generations', async () => {
      const address = await defaultAddress();
      let hub = await listen(address);
      const owner = await client({ address });
      const sender = await client({ address });
      const reader = new Recorder();
      await owner.openInbox('a', { ttl: TTL }, reader);
      await insist(sender, 'before');
      await reader.until(() => reader.frames.length === 1);
      let generation = await owner.claims.nextGeneration();
      for (let round = 0; round < 5; round += 1) {
        await hub.close();
        await eventually(() => owner.state === 'connecting');
        hub = await listen(address);
        await insist(sender, `after ${round}`);
        await reader.until(() => reader.texts().includes(`after ${round}`));
        await eventually(() => owner.state === 'connected');
        const next = await owner.claims.nextGeneration();
        expect(next).toBeGreaterThan(generation);
        generation = next;
      }
    });
  });

  describe('a process that is stopped', () => {
    const LEASE = 2000;
    let address: string;
    let server: Worker<ServerCommands>;
    const manager = (application: string): Manager =>
      later(new Manager({ transport: new SocketTransport({ address, timeout: 800 }), application }));

    beforeEach(async () => {
      address = await defaultAddress();
      const options = { listen: address, name: 'default', lease: LEASE };
      server = new Worker<ServerCommands>('server', 'server', options);
      open.push({ close: () => server.kill() });
      await server.ready;
    });

    it('as the hub ends no session, however long that was', async () => {
      const managers = Array.from({ length: 4 }, (_, index) => manager(`stopped ${index}`));
      const counters = await Promise.all(
        managers.map((each) => each.create('Counter') as Promise<SharedProxy<Counter>>),
      );
      for (let round = 0; round < 2; round += 1) {
        server.pause();
        const states: string[] = [];
        managers[0]?.status$.subscribe((state) => states.push(String(state)));
        await new Promise((resolve) => setTimeout(resolve, LEASE * 2.5));
        expect(states.length).toBeGreaterThan(0);
        // Calls that were made meanwhile wait for it.
        const calls = counters.map((counter) => counter.increment());
        server.resume();
        expect(await Promise.all(calls)).toEqual(counters.map(() => round + 1));
      }
      expect(await managers[0]?.numberOfObjects()).toBe(4);
      expect(server.logged(/no sign of life/)).toBe(false);
    });

    it('as the hub gives back soon afterwards what one held who died meanwhile', async () => {
      const [alive, dying] = [manager('alive'), new SocketTransport({ address })];
      const mortal = new Manager({ transport: dying, application: 'dying' });
      await mortal.create('Counter');
      const counter = (await alive.create('Counter')) as SharedProxy<Counter>;
      server.pause();
      await new Promise((resolve) => setTimeout(resolve, LEASE));
      dying.abandon();
      await new Promise((resolve) => setTimeout(resolve, LEASE));
      server.resume();
      const { after } = await until(
        () => alive.numberOfObjects(),
        (count) => count === 1,
        { within: LEASE * 3 },
      );
      expect(after).toBeLessThan(LEASE * 2);
      expect(await counter.increment()).toBe(1);
    });

    it('does not make a client keep more than a bound for it', async () => {
      const transport = await client({ address });
      const inbox = await transport.openInbox('mine', { ttl: TTL }, new Recorder());
      server.pause();
      const mebibyte = Buffer.alloc(1024 * 1024);
      const writes = Array.from({ length: 100 }, () => transport.write('mine', 'frames', mebibyte));
      const early = await Promise.all(
        writes.map((write) => Promise.race([write, new Promise((resolve) => setTimeout(resolve, 100))])),
      );
      expect(early.filter((answer) => answer === false).length).toBeGreaterThan(30);
      server.resume();
      await Promise.all(writes);
      // What came at once may have been more than the inbox takes, which costs its owner a connection.
      await until(
        () => transport.write('mine', 'frames', mebibyte),
        (taken) => taken,
        { within: LEASE },
      );
      await inbox.close();
    });
  });
});
