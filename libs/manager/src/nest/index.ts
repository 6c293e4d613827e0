export { connectManager } from './connect-manager.js';
export type { ConnectOptions } from './connect-manager.js';
export { createManagerServer } from './create-manager-server.js';
export type { ManagerServerOptions } from './create-manager-server.js';
export { ManagerServerModule } from './manager-server.module.js';
export { ManagerServerStrategy } from './manager-server.strategy.js';
export { ManagerModule } from './manager.module.js';
export type { SharedFeature } from './manager.module.js';
export type {
  AsyncOptions,
  EmbeddedOptions,
  ManagerModuleOptions,
  ManagerServerModuleOptions,
  MediumOptions,
  OptionsFactory,
} from './options.js';
export { StartedManager, startManager } from './start-manager.js';
export type { StartOptions } from './start-manager.js';
export { getManagerToken, getSharedToken, InjectManager, InjectShared } from './tokens.js';
