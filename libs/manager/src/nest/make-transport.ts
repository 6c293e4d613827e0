import { RedisTransport, type Transport } from '../transport/index.js';
import { embeddedTransport } from './embedded-server.js';
import type { ManagerModuleOptions } from './options.js';

export function makeTransport(options: ManagerModuleOptions): Transport {
  if (options.transport) return options.transport();
  if (options.embedded) return embeddedTransport(options.embedded, options);
  const { redis = 'redis://localhost:6379', namespace = 'manager' } = options;
  return new RedisTransport({ redis, namespace });
}
