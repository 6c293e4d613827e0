export { MemoryMedium } from '../transport/index.js';
