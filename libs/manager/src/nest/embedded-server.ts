import { Logger } from '@nestjs/common';
import { packageFile } from '../definition/index.js';
import { ServerProcess, type ServerProcessOptions } from '../embedded/index.js';
import { Authenticator } from '../link/index.js';
import { ManagerError } from '../protocol/index.js';
import { parseAddress, removeDeadSocket, SocketTransport, userAddress } from '../transport/index.js';
import { keysOf, moduleUrl, type EmbeddedOptions, type ManagerModuleOptions } from './options.js';

/** What runs in a server's process. */
const PROGRAM = packageFile('nest/embedded-program.js');

/** Ms that a server has to listen. */
const PATIENCE = 60_000;
const IDLE = 5000;

/** Reaches the server of this machine and namespace, or at the address; starts it where there is none and it is known what to host. */
export function embeddedTransport(embedded: EmbeddedOptions, options: ManagerModuleOptions): SocketTransport {
  const { module, idle = IDLE } = embedded;
  const { namespace = 'manager', authkey } = options;
  const address = embedded.address ?? (() => userAddress(namespace));
  const logger = new Logger('Manager');
  const auth = authkey === undefined ? undefined : new Authenticator(authkey);
  const absent = async (): Promise<void> => {
    const keys = await keysOf(authkey);
    const start = {
      module: moduleUrl(module, '`embedded.module`'),
      listen: typeof address === 'string' ? address : await address(),
      idle,
      ...(keys && { authkey: keys }),
    };
    // Where somebody else was sooner, theirs is the one to join.
    await startServer({ start, patience: PATIENCE, independent: true }).catch((error: unknown) => {
      // What is tried again by itself reaches no call before its time is over.
      if (error instanceof ManagerError && error.retryable) logger.warn(error.message);
      throw error;
    });
  };
  return new SocketTransport({
    address,
    tls: embedded.tls,
    ...(module !== undefined && { absent }),
    ...(auth && { keys: () => auth.connectionKeys() }),
  });
}

/** As `ServerProcess.start`; a server that could not start leaves no file of a socket behind. */
export async function startServer(options: Omit<ServerProcessOptions, 'program'>): Promise<ServerProcess | undefined> {
  try {
    return await ServerProcess.start({ ...options, program: PROGRAM });
  } catch (error) {
    // Why it could not is what is to be told.
    await removeDead(options.start.listen).catch(() => undefined);
    throw error;
  }
}

/** Takes away what a process that was killed could not take away itself. */
export async function removeDead(address: string): Promise<void> {
  const parsed = parseAddress(address);
  if (parsed.kind === 'unix') await removeDeadSocket(parsed.path);
}
