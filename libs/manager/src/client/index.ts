export { Creators, Manager, NamedCreators } from './manager.js';
export type {
  DebugInfo,
  HolderDebugInfo,
  KeepOption,
  ManagerOptions,
  ManagerStatus,
  ObjectDebugInfo,
  ServerDebugInfo,
} from './manager.js';
export type { CallOptions } from './handle.js';
