import { createTestManager } from '../../testing/index.js';
import { queueBehaviour, queueSuiteTypes } from './queue.suite.js';

queueBehaviour(async () => {
  const test = await createTestManager({ types: queueSuiteTypes });
  return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
});
