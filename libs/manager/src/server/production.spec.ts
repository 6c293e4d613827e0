import { afterEach, describe, expect, it, jest } from '@jest/globals';

const KEY = 'a key of thirty-two bytes, or so.';
const before = process.env['NODE_ENV'];
afterEach(() => {
  if (before === undefined) delete process.env['NODE_ENV'];
  else process.env['NODE_ENV'] = before;
});

/** What a server warns of when it starts: in modules of their own, since they look at the environment when they are loaded. */
async function warnings(environment: string, authkey: string | undefined): Promise<string[]> {
  process.env['NODE_ENV'] = environment;
  jest.resetModules();
  const { House } = await import('../client/house.suite.js');
  const { silentLogger } = await import('./index.js');
  const house = new House();
  const warned: string[] = [];
  await house.server([], { authkey, logger: { ...silentLogger, warn: (text: string) => warned.push(text) } });
  await house.close();
  return warned;
}

describe('a server without an authkey', () => {
  it('warns of that in production', async () => {
    expect(await warnings('production', undefined)).toEqual([expect.stringMatching(/No `authkey` is set/)]);
  });

  it('does not elsewhere, nor does one that has it', async () => {
    expect(await warnings('development', undefined)).toEqual([]);
    expect(await warnings('production', KEY)).toEqual([]);
  });
});
