export { Creators, Manager, NamedCreators, sessionsOf } from './manager.js';
export type { ManagerOptions, ManagerStatus } from './manager.js';
