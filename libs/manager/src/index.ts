export { Manager } from './client/index.js';
export {
  client,
  currentCall,
  isProxy,
  keep,
  share,
  SharedError,
  SharedFactory,
  SharedProxy,
  SharedType,
  sharedType,
} from './definition/index.js';
export {
  createManagerServer,
  getManagerToken,
  getSharedToken,
  InjectManager,
  InjectShared,
  ManagerModule,
  ManagerServerModule,
  ManagerServerStrategy,
} from './nest/index.js';
export {
  CallAbortedError,
  CallTimeoutError,
  ConfigurationError,
  DEFAULT_LIMITS,
  EncodingError,
  ManagerClosedError,
  ManagerError,
  managerErrors,
  MethodNotExposedError,
  ObjectLostError,
  OverloadedError,
  PayloadTooLargeError,
  ProtocolError,
  ProxyReleasedError,
  RemoteError,
  ServerClosingError,
  ServerSupersededError,
  ServerUnavailableError,
  SessionExpiredError,
  TicketInvalidError,
  TypeNotRegisteredError,
} from './protocol/index.js';

export type { Creators, ManagerStatus, NamedCreators } from './client/index.js';
export type {
  AnyProxy,
  CallContext,
  CallOptions,
  ClientClass,
  ObjectToken,
  ProxyOf,
  Received,
  Shared,
  SharedClass,
  SharedFactoryOptions,
  SharedTypeOptions,
  TypeRef,
  TypeToken,
} from './definition/index.js';
export type {
  AsyncOptions,
  ManagerModuleOptions,
  ManagerServerModuleOptions,
  MediumOptions,
  OptionsFactory,
  SharedFeature,
} from './nest/index.js';
export type {
  DebugInfo,
  ErrorDetails,
  Fate,
  HolderDebugInfo,
  KeepOption,
  Limits,
  ObjectDebugInfo,
  ServerDebugInfo,
  TicketFault,
  TicketOptions,
} from './protocol/index.js';
export type { RedisClient, RedisFactory, RedisRole, Transport } from './transport/index.js';
