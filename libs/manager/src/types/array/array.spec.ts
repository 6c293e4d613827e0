import { createTestManager } from '../../testing/index.js';
import { arrayBehaviour, arraySuiteTypes } from './array.suite.js';

arrayBehaviour(async () => {
  const test = await createTestManager({ types: arraySuiteTypes });
  return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
});
