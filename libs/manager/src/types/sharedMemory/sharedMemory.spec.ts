import { createTestManager } from '../../testing/index.js';
import { sharedMemoryBehaviour, sharedMemorySuiteTypes } from './sharedMemory.suite.js';

sharedMemoryBehaviour(async () => {
  const test = await createTestManager({ types: sharedMemorySuiteTypes });
  return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
});
