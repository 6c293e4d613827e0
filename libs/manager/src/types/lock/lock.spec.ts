import { createTestManager } from '../../testing/index.js';
import { lockBehaviour, lockSuiteTypes } from './lock.suite.js';

lockBehaviour(async () => {
  const test = await createTestManager({ types: lockSuiteTypes });
  return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
});
