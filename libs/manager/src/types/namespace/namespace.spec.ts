import { createTestManager } from '../../testing/index.js';
import { namespaceBehaviour, namespaceSuiteTypes } from './namespace.suite.js';

namespaceBehaviour(async () => {
  const test = await createTestManager({ types: namespaceSuiteTypes });
  return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
});
