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
  Transport,
  TransportState,
} from './transport.js';
export { MediumError } from './medium-error.js';
export { MemoryMedium } from './memory/memory-medium.js';
export type { RedisClient, RedisFactory, RedisRole, RedisTransportOptions } from './redis/redis-options.js';
export { RedisTransport } from './redis/redis-transport.js';
