import type { Logger } from '../definition/index.js';

export const silentLogger: Logger = { log: () => undefined, warn: () => undefined, error: () => undefined };
