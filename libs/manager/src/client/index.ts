export { Creators, Manager, NamedCreators, sessionsOf } from './manager.js';
export type { CreatorKinds, ManagerOptions, ManagerStatus } from './manager.js';
