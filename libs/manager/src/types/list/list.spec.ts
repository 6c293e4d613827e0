import { describe } from '@jest/globals';
import { createTestManager } from '../../testing/index.js';
import { listBehaviour, listSuiteTypes } from './list.suite.js';

describe('in memory', () => {
  listBehaviour(async () => {
    const test = await createTestManager({ types: listSuiteTypes });
    return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
  });
});
