export { Creators, Manager, NamedCreators } from './manager.js';
export type { ManagerOptions, ManagerStatus } from './manager.js';
