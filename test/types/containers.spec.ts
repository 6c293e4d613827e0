// The behaviour of the built-in types over Redis and over a socket, with their server in another process.
import { describe, jest } from '@jest/globals';
import { arrayBehaviour } from '../../libs/manager/src/types/array/array.suite.js';
import { dictBehaviour } from '../../libs/manager/src/types/dict/dict.suite.js';
import { listBehaviour } from '../../libs/manager/src/types/list/list.suite.js';
import { namespaceBehaviour } from '../../libs/manager/src/types/namespace/namespace.suite.js';
import { setBehaviour } from '../../libs/manager/src/types/set/set.suite.js';
import { valueBehaviour } from '../../libs/manager/src/types/value/value.suite.js';
import { benchOverRedis, benchOverSocket } from '../support/built-in-bench.js';

jest.setTimeout(30_000);

const suites = {
  array: arrayBehaviour,
  dict: dictBehaviour,
  list: listBehaviour,
  namespace: namespaceBehaviour,
  set: setBehaviour,
  value: valueBehaviour,
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
