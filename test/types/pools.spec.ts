// The behaviour of pools over each medium, with their server in another process.
import { describe, jest } from '@jest/globals';
import { poolBehaviour } from '../../libs/manager/src/types/pool/pool.suite.js';
import { poolThreads } from '../../libs/manager/src/types/pool/threads.suite.js';
import { benchOverRedis, benchOverSocket } from '../support/built-in-bench.js';

jest.setTimeout(30_000);

// What a pool does with its threads is the same whoever asks for it by what: that takes long, and is seen over one.
describe('over Redis', () => {
  poolBehaviour(benchOverRedis(['pool']));
});
describe('over a socket', () => {
  const open = benchOverSocket(['pool']);
  describe('their work', () => {
    poolBehaviour(open);
  });
  describe('their life', () => {
    poolThreads(open);
  });
});
