import { afterEach, describe, expect, it } from '@jest/globals';
import {
  AuthenticationError,
  ConfigurationError,
  connectManager,
  startManager,
  type StartedManager,
  type StartOptions,
} from 'nestjs-manager';
import { folder, moduleOf } from './fixtures.js';

const KEY = 'what both ends of it know';
const OLD = 'what both ends have known';
const started: StartedManager[] = [];

async function start(options: Partial<StartOptions>): Promise<StartedManager> {
  const manager = await startManager({ module: moduleOf('hosted.module'), ...options });
  started.push(manager);
  return manager;
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((manager) => manager.shutdown({ timeout: 2000 })));
});

describe.each(['unix', 'tcp'])('an authkey over %s', (medium) => {
  const address = (files: { address(): string }): string => (medium === 'unix' ? files.address() : 'tcp://127.0.0.1:0');

  it('lets those in who have it, as a string, as bytes, from a function and by its old one', async () => {
    await using files = await folder();
    const manager = await start({ address: address(files), authkey: [KEY, OLD] });
    for (const authkey of [KEY, Buffer.from(KEY), () => Promise.resolve(KEY), OLD, [OLD, 'never heard of this one']]) {
      await using other = await connectManager(manager.address, { authkey });
      expect(await other.ping()).toBeGreaterThan(0);
    }
  });

  it.each([
    ['another one', { authkey: 'something else entirely' }],
    ['none', {}],
  ])('refuses who has %s, and goes on', async (_, options) => {
    await using files = await folder();
    const manager = await start({ address: address(files), authkey: KEY });
    const refused = connectManager(manager.address, { timeout: 3000, ...options });
    await expect(refused).rejects.toBeInstanceOf(AuthenticationError);
    expect(await manager.ping()).toBeGreaterThan(0);
  });

  it('refuses a server that has none', async () => {
    await using files = await folder();
    const manager = await start({ address: address(files) });
    const refused = connectManager(manager.address, { timeout: 3000, authkey: KEY });
    await expect(refused).rejects.toBeInstanceOf(AuthenticationError);
  });
});

describe('without an authkey', () => {
  it('nobody listens beyond this machine', async () => {
    await expect(start({ address: 'tcp://0.0.0.0:0' })).rejects.toBeInstanceOf(ConfigurationError);
  });
});
