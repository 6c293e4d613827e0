import type { ConnectionOptions, TlsOptions } from 'node:tls';
import type { SocketKeys } from './proof.js';

/** Options of a `SocketHub`. */
export interface SocketHubOptions {
  /** Where it listens: see `parseAddress`. Port 0 takes any that is free. */
  listen: string;
  /** Certificate and key, and whatever else `tls.createServer` takes. @default no TLS */
  tls?: TlsOptions | undefined;
  /**
   * The secrets that clients must prove they have one of, asked at each connection. A TCP address that other machines can
   * reach needs them. @default everybody who can connect is let in
   */
  keys?: SocketKeys | undefined;
  /**
   * Path of the file that keeps the last generation, so that the next hub of this address starts above it.
   * @default a file of this address in the folder of `defaultAddress`
   */
  generations?: string | undefined;
  /** Told, once a second at most, of connections that were refused or broke the protocol. @default nobody */
  onRefused?: ((text: string) => void) | undefined;
}

/** Options of a `SocketTransport`. */
export interface SocketTransportOptions {
  /** Where the hub listens: see `parseAddress`. A function is asked at each attempt to connect. */
  address: string | (() => Promise<string>);
  /**
   * Called where nobody listens, ever more seldom; when it has resolved, the next attempt to connect comes at once. A rejection
   * is that of `open`, which calls again, unless it is `retryable`. @default to wait for somebody
   */
  absent?: (() => Promise<void>) | undefined;
  /** Whatever `tls.connect` takes; true for its defaults. @default no TLS */
  tls?: ConnectionOptions | true | undefined;
  /** The secrets that the hub has, too; asked at each connection. @default none */
  keys?: SocketKeys | undefined;
  /** Milliseconds without an answer after which the hub counts as away. @default 4000 */
  timeout?: number | undefined;
}
