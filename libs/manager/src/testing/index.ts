export { expectNoLeakedReferences } from './expect-no-leaks.js';
export { createTestManager } from './test-manager.js';
export { MemoryMedium } from '../transport/index.js';

export type { LeakOptions } from './expect-no-leaks.js';
export type { TestFactory, TestManager, TestManagerOptions } from './test-manager.js';
