import { createTestManager } from '../../testing/index.js';
import { semaphoreBehaviour, semaphoreSuiteTypes } from './semaphore.suite.js';

semaphoreBehaviour(async () => {
  const test = await createTestManager({ types: semaphoreSuiteTypes });
  return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
});
