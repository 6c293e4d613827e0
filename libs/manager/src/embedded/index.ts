export type { ChildMessage, ParentMessage, StartMessage } from './child-messages.js';
export { ServerProcess } from './server-process.js';
export type { ProcessEnd, ServerProcessOptions } from './server-process.js';
