import type { LoggerService } from '@nestjs/common';
import { Authenticator } from '../link/index.js';
import { ConfigurationError } from '../protocol/index.js';
import { SocketHub, type Transport } from '../transport/index.js';
import { makeTransport } from './make-transport.js';
import type { ManagerServerModuleOptions } from './options.js';

/** What a server and its own manager are reached by. */
export interface ServerMedium {
  /** A way into it, for one of them. */
  connect(): Transport;
  /** @throws where it cannot be had: an address that is taken. */
  open(): Promise<void>;
  /** Where it listens, if it is the medium itself. */
  readonly address: string | undefined;
  /** How many other processes are connected, if it is the medium itself. */
  readonly guests: number;
  close(): Promise<void>;
}

/** A socket of its own where it is told to listen, else what others serve. */
export function serverMedium(options: ManagerServerModuleOptions, logger: LoggerService): ServerMedium {
  const { listen, tls, authkey } = options;
  if (listen === undefined) {
    if (tls)
      throw new ConfigurationError('ManagerServerModule: `tls` is that of `listen`; for Redis use a rediss:// URL.');
    return {
      connect: () => makeTransport(options),
      open: () => Promise.resolve(),
      address: undefined,
      guests: 0,
      close: () => Promise.resolve(),
    };
  }
  const auth = authkey === undefined ? undefined : new Authenticator(authkey);
  const onRefused = (text: string): void => void logger.warn(text);
  return new SocketHub({ listen, tls, onRefused, ...(auth && { keys: () => auth.connectionKeys() }) });
}
