import { ConfigurationError } from '../../protocol/errors.js';
import type { RedisClient } from './redis-options.js';

const OLDEST = [6, 2] as const;

/** Rejects with a ConfigurationError where this Redis would lose entries or lacks commands. */
export async function checkServer(client: RedisClient): Promise<void> {
  const info = await read(client);
  const version = /^redis_version:(\d+)\.(\d+)/m.exec(info);
  if (version) {
    const [major, minor] = [Number(version[1]), Number(version[2])];
    if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
      throw new ConfigurationError(`Redis ${major}.${minor} is too old: ${OLDEST.join('.')} or later is needed`);
    }
  }
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (policy && policy !== 'noeviction') {
    throw new ConfigurationError(
      `This Redis has maxmemory-policy ${policy}: under memory pressure it would remove inboxes and claims of live servers. ` +
        'Set `maxmemory-policy noeviction`, or use a Redis of its own',
    );
  }
}

/** Where INFO is forbidden nothing can be checked, which is the choice of whoever wrote the ACL. */
async function read(client: RedisClient): Promise<string> {
  try {
    return `${await client.info('server')}\n${await client.info('memory')}`;
  } catch (error) {
    if (/NOPERM|unknown command/i.test((error as Error).message)) return '';
    throw error;
  }
}
