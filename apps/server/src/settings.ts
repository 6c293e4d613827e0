import { LOG_LEVELS, type LogLevel } from '@nestjs/common';
import { DEFAULT_LIMITS, type Limits } from 'nestjs-manager';
import { z } from 'zod';

/** What the environment says, checked and complete. */
export interface Settings {
  /** What to host: `specifier` or `specifier#ExportName`. */
  readonly modules: readonly string[];
  readonly name: string;
  /** A `redis://` or `rediss://` URL; it may hold a password. */
  readonly redis: string;
  readonly namespace: string;
  /** Address to listen at in place of Redis. */
  readonly listen?: string;
  /** Secrets, of which the first is used and each is taken. */
  readonly authkey?: readonly string[];
  /** Milliseconds. */
  readonly lease: number;
  readonly takeover: boolean;
  /** Milliseconds that calls under way have to finish at the end. */
  readonly closeTimeout: number;
  /** Only those that were set. */
  readonly limits: Partial<Limits>;
  /** The least important level that is still logged. */
  readonly logLevel: LogLevel;
  readonly logJson: boolean;
}

/** Everything that is wrong with the environment, a whole sentence for each. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** Milliseconds that a timer of Node can wait. */
const LONGEST = 2 ** 31 - 1;
const SHORTEST_KEY = 16;
const LIMIT_PREFIX = 'MANAGER_LIMIT_';
/** Each limit under the name of its variable: `messageBytes` is `MANAGER_LIMIT_MESSAGE_BYTES`. */
const LIMITS = new Map(
  (Object.keys(DEFAULT_LIMITS) as (keyof Limits)[])
    // It bounds what an application queues; a server queues no calls.
    .filter((limit) => limit !== 'queued')
    .map((limit) => [LIMIT_PREFIX + limit.replace(/[A-Z]/g, '_$&').toUpperCase(), limit]),
);

/** One entry for each variable. A message completes the sentence that begins with the variable's name. */
const environment = z.object({
  MANAGER_MODULES: z
    .string({ error: 'is not set. Name the Nest modules to host, such as "./dist/orders.module.js#OrdersModule".' })
    .transform((text) =>
      text
        .split(',')
        .map((specifier) => specifier.trim())
        .filter(Boolean),
    )
    .refine((modules) => modules.length > 0, { error: 'must name at least one Nest module' }),
  MANAGER_NAME: z
    .string()
    .regex(/^[\w-]{1,64}$/, { error: 'must be 1 to 64 letters, digits, "-" or "_"' })
    .default('default'),
  MANAGER_REDIS_URL: redisUrl().optional(),
  REDIS_URL: redisUrl().optional(),
  MANAGER_NAMESPACE: z
    .string()
    .regex(/^[\w.:/@~+-]{1,64}$/, { error: 'must be 1 to 64 letters, digits or any of _ . : / @ ~ + -' })
    .default('manager'),
  MANAGER_LISTEN: z
    .string()
    .regex(/^(?:unix|tcp):\/\/./, {
      error: 'must be an address such as unix:///run/manager.sock or tcp://0.0.0.0:50000',
    })
    .optional(),
  MANAGER_AUTHKEY: z
    .string()
    .transform((text) => text.split(/\s+/).filter(Boolean))
    .refine((keys) => keys.length > 0 && keys.every((key) => Buffer.byteLength(key) >= SHORTEST_KEY), {
      error: `must be keys of at least ${SHORTEST_KEY} bytes each, separated by spaces`,
    })
    .optional(),
  MANAGER_LEASE: wholeNumber(300, LONGEST, 'milliseconds').default(30_000),
  MANAGER_TAKEOVER: flag().default(false),
  MANAGER_CLOSE_TIMEOUT: wholeNumber(0, LONGEST, 'milliseconds').default(5000),
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('log'),
  MANAGER_LOG_JSON: flag().default(false),
});
const limits = z.object(
  Object.fromEntries([...LIMITS.keys()].map((name) => [name, wholeNumber(1, Number.MAX_SAFE_INTEGER).optional()])),
);

/**
 * Reads the settings. A variable that is set but empty counts as not set: compose files and templates leave such behind.
 *
 * @throws SettingsError that names every bad setting, not only the first.
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  // The address that wins is the one that is checked; REDIS_URL may be meant for something else.
  if (given['MANAGER_REDIS_URL'] !== undefined) delete given['REDIS_URL'];

  const read = environment.safeParse(given);
  const readLimits = limits.safeParse(given);
  const problems = [...problemsOf(read, given), ...problemsOf(readLimits, given), ...unknownLimits(given)];
  if (!read.success || !readLimits.success || problems.length > 0) throw new SettingsError(problems);

  const { data } = read;
  return {
    modules: data.MANAGER_MODULES,
    name: data.MANAGER_NAME,
    redis: data.MANAGER_REDIS_URL ?? data.REDIS_URL ?? 'redis://localhost:6379',
    namespace: data.MANAGER_NAMESPACE,
    ...(data.MANAGER_LISTEN !== undefined && { listen: data.MANAGER_LISTEN }),
    ...(data.MANAGER_AUTHKEY !== undefined && { authkey: data.MANAGER_AUTHKEY }),
    lease: data.MANAGER_LEASE,
    takeover: data.MANAGER_TAKEOVER,
    closeTimeout: data.MANAGER_CLOSE_TIMEOUT,
    limits: Object.fromEntries(
      Object.entries(readLimits.data).flatMap(([name, value]) => {
        const limit = LIMITS.get(name);
        return limit === undefined || value === undefined ? [] : [[limit, value]];
      }),
    ),
    logLevel: data.LOG_LEVEL,
    logJson: data.MANAGER_LOG_JSON,
  };
}

/** Variables that look like settings and are none: most likely misspelt. */
export function unknownSettings(env: NodeJS.ProcessEnv): string[] {
  const known = new Set([...Object.keys(environment.shape), ...LIMITS.keys()]);
  return Object.keys(env).filter(
    // Kubernetes gives every pod MANAGER_PORT_… and MANAGER_SERVICE_… where a service is called "manager".
    (name) => name.startsWith('MANAGER_') && !known.has(name) && !/_(?:PORT|SERVICE)(?:_|$)/.test(name),
  );
}

function unknownLimits(given: Record<string, unknown>): string[] {
  return Object.keys(given)
    .filter((name) => name.startsWith(LIMIT_PREFIX) && !LIMITS.has(name))
    .map((name) => `${name} is no limit that a server has. There are: ${[...LIMITS.keys()].join(', ')}.`);
}

function problemsOf(read: z.ZodSafeParseResult<unknown>, given: Record<string, unknown>): string[] {
  return (read.error?.issues ?? []).map(({ path, message }) => {
    const name = String(path[0]);
    if (message.endsWith('.')) return `${name} ${message}`;
    // A secret, or an address that may hold a password, all the more where it could not be read.
    return name.endsWith('REDIS_URL') || name === 'MANAGER_AUTHKEY'
      ? `${name} ${message}.`
      : `${name} ${message}, got ${JSON.stringify(given[name])}.`;
  });
}

function wholeNumber(least: number, most: number, unit = ''): z.ZodType<number, string> {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  return z
    .string()
    .transform((text) => (/^\d{1,16}$/.test(text) ? Number(text) : Number.NaN))
    .refine((number) => number >= least && number <= most, {
      error: `must be a whole number ${unit && `of ${unit} `}${range}`,
    });
}

function flag(): z.ZodType<boolean, string> {
  return z.stringbool({
    truthy: ['true', '1', 'yes', 'on'],
    falsy: ['false', '0', 'no', 'off'],
    error: 'must be true or false',
  });
}

function redisUrl(): z.ZodType<string, string> {
  return z.string().refine((text) => URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol), {
    error: 'must be a URL such as redis://user:password@host:6379/0, or rediss:// for TLS',
  });
}
