export { ManagerServer } from './manager-server.js';
export type { ManagerServerOptions } from './manager-server.js';
export { silentLogger } from './logger.js';
