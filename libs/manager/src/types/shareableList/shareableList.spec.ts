import { createTestManager } from '../../testing/index.js';
import { shareableListBehaviour, shareableListSuiteTypes } from './shareableList.suite.js';

shareableListBehaviour(async () => {
  const test = await createTestManager({ types: shareableListSuiteTypes });
  return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
});
