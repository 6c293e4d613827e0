// The behaviour of the built-in types over Redis, with their server in another process.
import { describe, jest } from '@jest/globals';
import { lockBehaviour } from '../../libs/manager/src/types/lock/lock.suite.js';
import { queueBehaviour } from '../../libs/manager/src/types/queue/queue.suite.js';
import { rlockBehaviour } from '../../libs/manager/src/types/rlock/rlock.suite.js';
import { benchOverRedis } from '../support/built-in-bench.js';

jest.setTimeout(30_000);

const suites = { lock: lockBehaviour, queue: queueBehaviour, rlock: rlockBehaviour };

describe('over Redis', () => {
  const open = benchOverRedis(Object.keys(suites));
  describe.each(Object.entries(suites))('%s', (_name, behaviour) => behaviour(open));
});
