import { describe } from '@jest/globals';
import { createTestManager } from '../../testing/index.js';
import { setBehaviour, setSuiteTypes } from './set.suite.js';

describe('in memory', () => {
  setBehaviour(async () => {
    const test = await createTestManager({ types: setSuiteTypes });
    return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
  });
});
