import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keep, SharedType, type SharedProxy } from '../definition/index.js';
import type { ManagerServer } from '../server/index.js';
import { House } from './house.suite.js';
import { RawPeer } from './raw-peer.suite.js';

@SharedType()
class Far {
  echo(value: string): string {
    return value;
  }
}

@SharedType()
class Near {
  #far: SharedProxy<Far> | undefined;

  learn(far: SharedProxy<Far>): void {
    this.#far = keep(far);
  }

  async ask(times: number, text: string): Promise<number> {
    const far = this.#far as SharedProxy<Far>;
    const answers = await Promise.all(Array.from({ length: times }, () => far.echo(text)));
    return answers.filter((answer) => answer === text).length;
  }
}

// Whoever calls a server chooses its task, and what hosted code calls at another one goes on in that.
describe.each([
  ['ASCII', 'x'.repeat(200)],
  ['three bytes a character', '€'.repeat(200)],
])('calls between servers in a task of 200 characters (%s)', (_, task) => {
  let house: House;
  let near: ManagerServer;

  beforeEach(async () => {
    house = new House();
    const far = await house.server([Far], { name: 'far' });
    near = await house.server([Near], { name: 'near' });
    house.manager({ local: () => far.local, foreign: (objects) => (far.foreign = objects) });
    house.manager({ local: () => near.local, foreign: (objects) => (near.foreign = objects) });
  });
  afterEach(() => house.close());

  it.each([1, 2, 100, 500])('are all answered, %d at once', async (times) => {
    const manager = house.manager();
    await (await manager.get(Near, 'near')).learn(await manager.create(Far));
    const peer = await RawPeer.open(house.medium, near);
    const { value } = await peer.call(0, 'get', ['Near', 'near', []]);
    const object = (value as { object: { id: number } }).object.id;
    for (const text of ['a', '€'.repeat(64)]) {
      expect(await peer.call(object, 'ask', [times, text], { task })).toEqual({ value: times });
    }
  });

  it('are all answered, however many frames they fill one after the other', async () => {
    const manager = house.manager();
    await (await manager.get(Near, 'near')).learn(await manager.create(Far));
    const peer = await RawPeer.open(house.medium, near);
    const { value } = await peer.call(0, 'get', ['Near', 'near', []]);
    const object = (value as { object: { id: number } }).object.id;
    for (let i = 0; i < 300; i++) expect(await peer.call(object, 'ask', [1, 'b'], { task })).toEqual({ value: 1 });
  });
});
