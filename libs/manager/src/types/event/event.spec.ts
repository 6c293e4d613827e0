import { createTestManager } from '../../testing/index.js';
import { eventBehaviour, eventSuiteTypes } from './event.suite.js';

eventBehaviour(async () => {
  const test = await createTestManager({ types: eventSuiteTypes });
  return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
});
