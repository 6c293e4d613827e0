import { Logger } from '@nestjs/common';
import type { ManagerOptions } from '../client/index.js';
import type { Transport } from '../transport/index.js';
import { applicationName, type ManagerModuleOptions } from './options.js';

/** What a manager over `transport` is made with: what it has to say goes to Nest's log. */
export function managerOptions(
  {
    application,
    timeout,
    limits,
    authkey,
  }: Pick<ManagerModuleOptions, 'application' | 'timeout' | 'limits' | 'authkey'>,
  transport: Transport,
): ManagerOptions {
  const logger = new Logger('Manager');
  return {
    transport,
    application: application ?? applicationName(),
    ...(timeout !== undefined && { timeout }),
    limits,
    authkey,
    onMalformed: (text) => logger.warn(text),
    onCollected: (typeid, madeAt) =>
      logger.warn(
        `A proxy of ${typeid} was collected without having been released; it was released now. ` +
          `Use \`await using\` or manager.release().${madeAt?.stack ? ` Made at:\n${madeAt.stack.split('\n').slice(1).join('\n')}` : ''}`,
      ),
  };
}
