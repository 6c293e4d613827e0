// The behaviour of pools over Redis, with their server in another process.
import { describe, jest } from '@jest/globals';
import { poolBehaviour } from '../../libs/manager/src/types/pool/pool.suite.js';
import { poolThreads } from '../../libs/manager/src/types/pool/threads.suite.js';
import { benchOverRedis } from '../support/built-in-bench.js';

jest.setTimeout(30_000);

describe('over Redis', () => {
  const open = benchOverRedis(['pool']);
  describe('their work', () => {
    poolBehaviour(open);
  });
  describe('their life', () => {
    poolThreads(open);
  });
});
