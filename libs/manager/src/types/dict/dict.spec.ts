import { describe } from '@jest/globals';
import { createTestManager } from '../../testing/index.js';
import { dictBehaviour, dictSuiteTypes } from './dict.suite.js';

describe('in memory', () => {
  dictBehaviour(async () => {
    const test = await createTestManager({ types: dictSuiteTypes });
    return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
  });
});
