import { describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import { Handle, makeLazyProxy, tellLost, type OnLost, type Target } from '../../definition/index.js';
import { runExclusive } from './exclusive.js';

/** What stands for a lock whose lease can be lost, and come back. */
class FakeLock implements Target {
  readonly typeid = 'lock';
  readonly calls: string[] = [];
  lose: (reason: unknown) => void = () => undefined;
  handles = 0;

  identity(): undefined {}

  methods(): ReadonlySet<string> {
    return new Set(['release', 'forfeit']);
  }

  async call(_handle: Handle, method: string, args: readonly unknown[]): Promise<void> {
    this.calls.push(`${method}(${args.map(String).join()})`);
  }

  retain(): void {
    this.handles++;
  }

  release(): void {
    this.handles--;
  }

  proxy(handle: Handle): object {
    return makeLazyProxy(handle);
  }

  ticket(): Promise<string> {
    return Promise.reject(new Error('There is none.'));
  }

  onLost(fn: OnLost): () => void {
    this.lose = (reason) => tellLost([fn], reason);
    return () => (this.lose = (): void => undefined);
  }
}

describe('runExclusive', () => {
  const acquire = async (): Promise<bigint> => 5n;

  it('releases the hold that it acquired, by its key, and keeps no handle', async () => {
    const lock = new FakeLock();
    expect(await runExclusive(lock.proxy(new Handle(lock)), acquire, ({ fence }) => fence)).toBe(5n);
    expect(lock.calls).toEqual(['release(5)']);
    expect(lock.handles).toBe(1);
  });

  it('gives up what it lost at once, and at the end what a wait may have taken up again', async () => {
    const lock = new FakeLock();
    const reason = new Error('the lease is over');
    const seen: string[][] = [];
    const ran = failure(
      runExclusive(lock.proxy(new Handle(lock)), acquire, ({ signal }) => {
        lock.lose(reason);
        seen.push([...lock.calls]);
        expect(signal.reason).toBe(reason);
      }),
    );
    expect(await ran).toBe(reason);
    expect(seen).toEqual([['forfeit(5)']]);
    expect(lock.calls).toEqual(['forfeit(5)', 'forfeit(5)']);
    expect(lock.handles).toBe(1);
  });

  it('fails with what the function failed with, and gives up all the same', async () => {
    const lock = new FakeLock();
    const ran = failure(
      runExclusive(lock.proxy(new Handle(lock)), acquire, () => {
        lock.lose(new Error('the lease is over'));
        throw new RangeError('first');
      }),
    );
    expect(await ran).toEqual(new RangeError('first'));
    expect(lock.calls).toEqual(['forfeit(5)', 'forfeit(5)']);
  });
});
