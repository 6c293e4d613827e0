// The behaviour of pools over each medium, with their server in another process.
import { describe, jest } from '@jest/globals';
import { poolBehaviour } from '../../libs/manager/src/types/pool/pool.suite.js';
import { poolThreads } from '../../libs/manager/src/types/pool/threads.suite.js';
import { benchOverRedis, benchOverSocket } from '../support/built-in-bench.js';

jest.setTimeout(30_000);

describe.each([
  ['Redis', benchOverRedis],
  ['a socket', benchOverSocket],
])('over %s', (_medium, bench) => {
  const open = bench(['pool']);
  describe('their work', () => {
    poolBehaviour(open);
  });
  describe('their life', () => {
    poolThreads(open);
  });
});
