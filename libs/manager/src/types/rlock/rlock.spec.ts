import { createTestManager } from '../../testing/index.js';
import { rlockBehaviour, rlockSuiteTypes } from './rlock.suite.js';

rlockBehaviour(async () => {
  const test = await createTestManager({ types: rlockSuiteTypes });
  return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
});
