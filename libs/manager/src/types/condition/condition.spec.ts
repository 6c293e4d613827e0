import { createTestManager } from '../../testing/index.js';
import { conditionBehaviour, conditionSuiteTypes } from './condition.suite.js';

conditionBehaviour(async () => {
  const test = await createTestManager({ types: conditionSuiteTypes });
  return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
});
