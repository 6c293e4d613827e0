import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { deferred, failure, House, Line, until, type Deferred } from '../client/house.suite.js';
import { SharedType } from '../definition/index.js';
import { claimValue } from '../protocol/index.js';
import type { Claims, Transport, TransportState } from '../transport/index.js';
import { ManagerServer, silentLogger } from './index.js';

@SharedType()
class Room {
  ping(): string {
    return 'pong';
  }
}

/** A line whose connection and claims a test plays. */
class PlayedLine extends Line {
  played: TransportState | undefined;
  /** While set, claims are not answered. */
  held: Deferred | undefined;
  asked = 0;
  readonly #listeners = new Set<(state: TransportState) => void>();

  override get state(): TransportState {
    return this.played ?? super.state;
  }

  override onState(listener: (state: TransportState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  play(state: TransportState): void {
    this.played = state;
    for (const listener of this.#listeners) listener(state);
  }

  override get claims(): Claims {
    const claims = super.claims;
    return {
      ...claims,
      compareAndSet: async (...args) => {
        this.asked++;
        await this.held?.promise;
        return claims.compareAndSet(...args);
      },
    };
  }
}

/** A line on which one step of a start takes as long as a test wants. */
class SteppedLine extends Line {
  readonly reached = deferred();
  readonly goOn = deferred();
  readonly #step: string;

  constructor(under: Transport, step: string) {
    super(under);
    this.#step = step;
  }

  override async open(): Promise<void> {
    await super.open();
    if (this.#step === 'open') await this.#wait();
  }

  override get claims(): Claims {
    const claims = super.claims;
    const stepped = (step: string): unknown => {
      const method = Reflect.get(claims, step) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        const outcome = await method.apply(claims, args);
        if (step === this.#step) await this.#wait();
        return outcome;
      };
    };
    return new Proxy(claims, { get: (_claims, step) => stepped(String(step)) });
  }

  async #wait(): Promise<void> {
    this.reached.resolve();
    await this.goOn.promise;
  }
}

let house: House;
beforeEach(() => {
  house = new House();
});
afterEach(() => house.close());

describe('a server', () => {
  it('takes its names again after a reconnect, also one that came while it renewed its lease', async () => {
    const line = new PlayedLine(house.medium.connect());
    // Beats are 300 ms apart; names are looked at every twelfth without a reason.
    await house.server([Room], { lease: 1800, transport: line });
    await house.manager().get(Room, 'lobby');
    const witness = house.medium.connect();
    await witness.open();
    const key = { kind: 'name', tag: 'Room:lobby' } as const;
    line.held = deferred();
    const before = line.asked;
    await until(() => line.asked > before); // a renewal is under way
    const claim = await witness.claims.read(key);
    await witness.claims.compareAndSet(key, claim?.value ?? null, null, 0); // the medium lost its data
    line.play('connecting');
    line.play('connected');
    line.held.resolve();
    line.held = undefined;
    const since = performance.now();
    while (!(await witness.claims.read(key))) expect(performance.now() - since).toBeLessThan(1500);
    await witness.close();
  });

  it('stops by itself, and says so, when another one took its name', async () => {
    const first = await house.server([Room], { lease: 300 });
    const manager = house.manager();
    const room = await manager.create(Room);
    await house.server([Room], { lease: 300, takeover: true });
    expect(await first.superseded).toMatchObject({ code: 'ERR_MANAGER_SERVER_SUPERSEDED' });
    expect(await failure(room.ping())).toMatchObject({ code: 'ERR_MANAGER_OBJECT_LOST' });
    expect(await (await manager.create(Room)).ping()).toBe('pong');
  });

  it('keeps its name where the medium comes back with the claim of a generation before it', async () => {
    const dead = house.medium.connect();
    const predecessor = await house.server([Room], { lease: 300, transport: dead });
    const witness = house.medium.connect();
    await witness.open();
    const key = { kind: 'server', tag: 'default' } as const;
    const older = claimValue(predecessor.identity);
    house.medium.kill(dead);
    const server = await house.server([Room], { lease: 300 });
    const room = await house.manager().get(Room, 'lobby');
    expect(await room.ping()).toBe('pong');
    await witness.claims.compareAndSet(key, claimValue(server.identity), older, 300);
    while ((await witness.claims.read(key))?.value !== claimValue(server.identity));
    expect(await room.ping()).toBe('pong');
    await witness.close();
  });

  it.each(['open', 'read', 'nextGeneration', 'compareAndSet', 'announce'])(
    'that is closed while its start waits for %s does not start, and leaves nothing behind',
    async (step) => {
      const line = new SteppedLine(house.medium.connect(), step);
      const logged: string[] = [];
      const logger = { ...silentLogger, log: (text: string) => logged.push(text) };
      const server = new ManagerServer({ transport: line, types: [], logger, lease: 60_000 });
      const started = failure(server.start());
      await line.reached.promise;
      const timers = jest.spyOn(globalThis, 'setInterval');
      const closed = server.close();
      line.goOn.resolve();
      expect(await started).toMatchObject({ code: 'ERR_MANAGER_SERVER_CLOSING' });
      await closed;
      expect(timers).not.toHaveBeenCalled();
      timers.mockRestore();
      expect(logged.join()).not.toMatch(/is listening/);
      const witness = house.medium.connect();
      await witness.open();
      expect(await witness.claims.read({ kind: 'server', tag: 'default' })).toBeNull();
      expect([...(await witness.claims.announced()).keys()]).toEqual([]);
      await witness.close();
    },
  );

  it('waits for the lease of a predecessor that died, and says for whom', async () => {
    const transport = house.medium.connect();
    await house.server([Room], { lease: 300, transport });
    const warnings: string[] = [];
    const since = performance.now();
    house.medium.kill(transport);
    await house.server([Room], { lease: 300, logger: { ...silentLogger, warn: (text) => warnings.push(text) } });
    expect(performance.now() - since).toBeGreaterThan(200);
    expect(warnings.join()).toMatch(/name "default" is held by generation \d+/);
  });

  it('does not wait for a predecessor that closed', async () => {
    const first = await house.server([Room], { lease: 60_000 });
    await first.close();
    await house.server([Room], { lease: 60_000 });
  });

  it.each(['', 'a b', 'x'.repeat(65), 'ä'])('cannot be named %j', (name) => {
    const options = { transport: house.medium.connect(), types: [], logger: silentLogger, name };
    expect(() => new ManagerServer(options)).toThrow(/name/);
  });
});
