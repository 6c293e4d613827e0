import type { ConnectionOptions } from 'node:tls';
import type { ManagerOptions } from '../client/index.js';
import { ConfigurationError, type Limits } from '../protocol/index.js';
import type { AuthKey } from '../link/index.js';
import { Authenticator } from '../link/index.js';
import { RedisTransport, SocketTransport } from '../transport/index.js';
import { Manager } from '../types/index.js';
import { managerOptions } from './manager-options.js';
import { checkOutside } from './options.js';

/** Options of `connectManager`. */
export interface ConnectOptions {
  /** The secret of the server, as in `ManagerModule.forRoot`. @default none */
  authkey?: AuthKey;
  /** Whatever `tls.connect` takes, where the server at the socket has TLS; true for its defaults. @default no TLS */
  tls?: ConnectionOptions | true;
  /** Of the servers, over Redis; a socket has but one server. @default 'manager' */
  namespace?: string;
  /** Name of this application in the census. @default the name in the package.json of the working directory */
  application?: string;
  /** Milliseconds that a call waits for its answer, and for the server to be there. @default 30000 */
  timeout?: number;
  /** Bounds on what is sent and taken. */
  limits?: Partial<Limits>;
}

/**
 * A manager outside Nest: of the server that listens at `address` (`unix:///path`, `tcp://host:port`), or of the servers of
 * a namespace in Redis (`redis://host:port`). Resolves once one has answered. Closing the manager leaves the server as it is.
 *
 * @throws ServerUnavailableError where none answers within `timeout`; AuthenticationError where the authkey is another;
 * ConfigurationError for an address that is none.
 *
 * @example
 * ```ts
 * await using manager = await connectManager('tcp://10.0.0.5:50000', { authkey });
 * await using jobs = await manager.named('jobs').queue<Job>();
 * ```
 */
export async function connectManager(address: string, options: ConnectOptions = {}): Promise<Manager> {
  checkOutside('connectManager', options);
  const manager = new Manager(connectionTo(address, options));
  try {
    await manager.ping();
    return manager;
  } catch (error) {
    await manager.close();
    throw error;
  }
}

export function connectionTo(address: string, options: ConnectOptions): ManagerOptions {
  const { authkey, tls, namespace = 'manager' } = options;
  if (/^rediss?:/.test(address)) {
    if (tls) throw new ConfigurationError('connectManager(): `tls` is for sockets; for Redis use a rediss:// URL.');
    return managerOptions(options, new RedisTransport({ redis: address, namespace }));
  }
  const auth = authkey === undefined ? undefined : new Authenticator(authkey);
  const transport = new SocketTransport({ address, tls, ...(auth && { keys: () => auth.connectionKeys() }) });
  return managerOptions(options, transport);
}
