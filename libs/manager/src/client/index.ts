export { Creators, Manager, NamedCreators } from './manager.js';
export type { ManagerOptions, ManagerStatus } from './manager.js';
export type { CallOptions } from './handle.js';
