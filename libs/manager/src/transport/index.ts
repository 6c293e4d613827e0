export type {
  ClaimEntry,
  ClaimKey,
  ClaimOutcome,
  Claims,
  Delivery,
  Inbox,
  InboxOptions,
  InboxReader,
  Lane,
  Written,
  Transport,
  TransportState,
} from './transport.js';
export { MediumError } from './medium-error.js';
export { MemoryMedium } from './memory/memory-medium.js';
export type { RedisClient, RedisFactory, RedisRole, RedisTransportOptions } from './redis/redis-options.js';
export { RedisTransport } from './redis/redis-transport.js';
export { parseAddress, type SocketAddress } from './socket/address.js';
export { AddressTakenError } from './socket/address-taken.js';
export { defaultAddress, userAddress } from './socket/private-folder.js';
export type { SocketKeys } from './socket/proof.js';
export { removeDeadSocket } from './socket/socket-file.js';
export { SocketHub } from './socket/socket-hub.js';
export type { SocketHubOptions, SocketTransportOptions } from './socket/socket-options.js';
export { SocketTransport } from './socket/socket-transport.js';
