export { createManagerServer } from './create-manager-server.js';
export { ManagerServerModule } from './manager-server.module.js';
export { ManagerServerStrategy } from './manager-server.strategy.js';
export { ManagerModule } from './manager.module.js';
export type { SharedFeature } from './manager.module.js';
export type {
  AsyncOptions,
  ManagerModuleOptions,
  ManagerServerModuleOptions,
  MediumOptions,
  OptionsFactory,
} from './options.js';
export { getManagerToken, getSharedToken, InjectManager, InjectShared } from './tokens.js';
