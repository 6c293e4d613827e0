import { describe, expect, it } from '@jest/globals';
import { readSettings, SettingsError, unknownSettings } from './settings.js';

const MANAGER_MODULES = './orders.module.js';

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

describe('settings', () => {
  it('needs nothing but the modules', () => {
    expect(readSettings({ MANAGER_MODULES })).toEqual({
      modules: ['./orders.module.js'],
      name: 'default',
      redis: 'redis://localhost:6379',
      namespace: 'manager',
      lease: 30_000,
      takeover: false,
      closeTimeout: 5000,
      limits: {},
      logLevel: 'log',
      logJson: false,
    });
  });

  it('reads every variable', () => {
    const settings = readSettings({
      MANAGER_MODULES: ' ./a.js#A , b#B,',
      MANAGER_NAME: 'orders-1',
      MANAGER_REDIS_URL: 'rediss://u:p@cache:6380/1',
      MANAGER_NAMESPACE: 'shop',
      MANAGER_LISTEN: 'unix:///run/manager.sock',
      MANAGER_AUTHKEY: ' the-one-in-use-now the-one-before-it ',
      MANAGER_LEASE: '5000',
      MANAGER_TAKEOVER: 'yes',
      MANAGER_CLOSE_TIMEOUT: '0',
      MANAGER_LIMIT_MESSAGE_BYTES: '1048576',
      MANAGER_LIMIT_CALLS: '16',
      MANAGER_LIMIT_BYTES: '2097152',
      MANAGER_LIMIT_WAITING: '7',
      MANAGER_LIMIT_DEPTH: '9',
      LOG_LEVEL: 'warn',
      MANAGER_LOG_JSON: '1',
    });
    expect(settings).toEqual({
      modules: ['./a.js#A', 'b#B'],
      name: 'orders-1',
      redis: 'rediss://u:p@cache:6380/1',
      namespace: 'shop',
      listen: 'unix:///run/manager.sock',
      authkey: ['the-one-in-use-now', 'the-one-before-it'],
      lease: 5000,
      takeover: true,
      closeTimeout: 0,
      limits: { messageBytes: 1_048_576, calls: 16, bytes: 2_097_152, waiting: 7, depth: 9 },
      logLevel: 'warn',
      logJson: true,
    });
  });

  it('falls back to REDIS_URL, and prefers its own', () => {
    expect(readSettings({ MANAGER_MODULES, REDIS_URL: 'redis://a' }).redis).toBe('redis://a');
    const both = { MANAGER_MODULES, REDIS_URL: 'not for us', MANAGER_REDIS_URL: 'redis://b' };
    expect(readSettings(both).redis).toBe('redis://b');
  });

  it('takes an empty variable as not set', () => {
    expect(readSettings({ MANAGER_MODULES, MANAGER_LEASE: '', MANAGER_TAKEOVER: '' })).toMatchObject({
      lease: 30_000,
      takeover: false,
    });
    expect(problemsOf({ MANAGER_MODULES: '' })).toHaveLength(1);
  });

  it('reports every bad setting at once, in whole sentences', () => {
    expect(
      problemsOf({
        MANAGER_NAME: 'two words',
        MANAGER_NAMESPACE: '{x}',
        MANAGER_LEASE: '5s',
        MANAGER_TAKEOVER: 'maybe',
        MANAGER_LIMIT_CALLS: '0',
        MANAGER_LIMIT_CALL: '1',
        LOG_LEVEL: 'loud',
      }),
    ).toEqual([
      'MANAGER_MODULES is not set. Name the Nest modules to host, such as "./dist/orders.module.js#OrdersModule".',
      'MANAGER_NAME must be 1 to 64 letters, digits, "-" or "_", got "two words".',
      'MANAGER_NAMESPACE must be 1 to 64 letters, digits or any of _ . : / @ ~ + -, got "{x}".',
      'MANAGER_LEASE must be a whole number of milliseconds from 300 to 2147483647, got "5s".',
      'MANAGER_TAKEOVER must be true or false, got "maybe".',
      'LOG_LEVEL must be one of verbose, debug, log, warn, error, fatal, got "loud".',
      'MANAGER_LIMIT_CALLS must be a whole number from 1, got "0".',
      expect.stringMatching(
        /^MANAGER_LIMIT_CALL is no limit that a server has\. There are: MANAGER_LIMIT_MESSAGE_BYTES, /,
      ),
    ]);
  });

  it.each(['-1', '1.5', '1e3', 'Infinity', ' 500', '299', '2147483648'])('refuses %j as a lease', (MANAGER_LEASE) => {
    expect(problemsOf({ MANAGER_MODULES, MANAGER_LEASE })).toHaveLength(1);
  });

  it('never shows the address of Redis, which may hold a password', () => {
    const [problem] = problemsOf({ MANAGER_MODULES, MANAGER_REDIS_URL: 'http://:s3cret@cache' });
    expect(problem).toBe(
      'MANAGER_REDIS_URL must be a URL such as redis://user:password@host:6379/0, or rediss:// for TLS.',
    );
  });

  it('never shows an authkey', () => {
    expect(problemsOf({ MANAGER_MODULES, MANAGER_AUTHKEY: 'long-enough-as-a-key s3cret' })).toEqual([
      'MANAGER_AUTHKEY must be keys of at least 16 bytes each, separated by spaces.',
    ]);
  });

  it.each(['/run/manager.sock', 'unix://', 'http://localhost'])('refuses %j as an address to listen at', (listen) => {
    expect(problemsOf({ MANAGER_MODULES, MANAGER_LISTEN: listen })).toHaveLength(1);
  });

  it('names variables that are most likely misspelt, and none that Kubernetes sets', () => {
    const env = {
      MANAGER_MODULES,
      MANAGER_LEASES: '1',
      MANAGER_PORT: 'tcp://x',
      MANAGER_SERVICE_HOST: 'x',
      MANAGER: 'x',
    };
    expect(unknownSettings(env)).toEqual(['MANAGER_LEASES']);
  });
});
