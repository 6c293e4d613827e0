// The behaviour of the built-in types over Redis and over a socket, with their server in another process.
import { describe, jest } from '@jest/globals';
import { barrierBehaviour } from '../../libs/manager/src/types/barrier/barrier.suite.js';
import { conditionBehaviour } from '../../libs/manager/src/types/condition/condition.suite.js';
import { eventBehaviour } from '../../libs/manager/src/types/event/event.suite.js';
import { lockBehaviour } from '../../libs/manager/src/types/lock/lock.suite.js';
import { queueBehaviour } from '../../libs/manager/src/types/queue/queue.suite.js';
import { rlockBehaviour } from '../../libs/manager/src/types/rlock/rlock.suite.js';
import { semaphoreBehaviour } from '../../libs/manager/src/types/semaphore/semaphore.suite.js';
import { benchOverRedis, benchOverSocket } from '../support/built-in-bench.js';

jest.setTimeout(30_000);

const suites = {
  barrier: barrierBehaviour,
  condition: conditionBehaviour,
  event: eventBehaviour,
  lock: lockBehaviour,
  queue: queueBehaviour,
  rlock: rlockBehaviour,
  semaphore: semaphoreBehaviour,
};

describe.each([
  ['Redis', benchOverRedis],
  ['a socket', benchOverSocket],
])('over %s', (_medium, bench) => {
  const open = bench(Object.keys(suites));
  describe.each(Object.entries(suites))('%s', (_name, behaviour) => {
    behaviour(open);
  });
});
