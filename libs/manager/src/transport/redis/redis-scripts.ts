import { createHash } from 'node:crypto';
import type { RedisClient } from './redis-options.js';

/** A Lua script, sent by its digest; by its text where the server does not have it (any more). */
export class RedisScript {
  readonly #text: string;
  readonly #digest: string;

  constructor(text: string) {
    this.#text = text;
    this.#digest = createHash('sha1').update(text).digest('hex');
  }

  async run(client: RedisClient, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await client.evalsha(this.#digest, keys.length, ...keys, ...args);
    } catch (error) {
      // A restart or SCRIPT FLUSH: nothing was run, so that it may be sent again.
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return client.eval(this.#text, keys.length, ...keys, ...args);
    }
  }
}

/** An absent entry is '' and a present one '=' with its value, so that an empty value is not mistaken for none. */
export const COMPARE_AND_SET = new RedisScript(`
local value = redis.call('GET', KEYS[1])
local current = ''
if value then current = '=' .. value end
if current ~= ARGV[1] then
  return {0, current, redis.call('PTTL', KEYS[1])}
end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], string.sub(ARGV[2], 2), 'PX', ARGV[3])
end
return {1, ARGV[2], tonumber(ARGV[3])}
`);

export const READ = new RedisScript(`
local value = redis.call('GET', KEYS[1])
if not value then return false end
return {value, redis.call('PTTL', KEYS[1])}
`);

export const RENEW = new RedisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

/** The clock of the server keeps it growing where the counter was lost. */
export const NEXT_GENERATION = new RedisScript(`
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
local seconds = tonumber(redis.call('TIME')[1])
local next = math.max(last + 1, seconds)
redis.call('SET', KEYS[1], string.format('%.0f', next))
return next
`);

/** Makes the streams of an inbox that are not there, renews both; answers how many were made, and the time. */
export const KEEP_INBOX = new RedisScript(`
local made = 0
for _, key in ipairs(KEYS) do
  if redis.call('PEXPIRE', key, ARGV[1]) == 0 then
    redis.call('XADD', key, '*', 'w', '')
    redis.call('PEXPIRE', key, ARGV[1])
    made = made + 1
  end
end
local time = redis.call('TIME')
return {made, time[1], time[2]}
`);
