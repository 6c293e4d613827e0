import { createTestManager } from '../../testing/index.js';
import { valueBehaviour, valueSuiteTypes } from './value.suite.js';

valueBehaviour(async () => {
  const test = await createTestManager({ types: valueSuiteTypes });
  return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
});
