import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError, ServerUnavailableError } from '../../protocol/errors.js';
import { SocketHub } from './socket-hub.js';
import { SocketTransport } from './socket-transport.js';

let folder: string;
let address: string;
let open: { close(): Promise<unknown> }[];
const later = <T extends { close(): Promise<unknown> }>(made: T): T => {
  open.push(made);
  return made;
};
const listen = async (): Promise<SocketHub> => {
  const hub = later(new SocketHub({ listen: address, generations: join(folder, 'generation') }));
  await hub.open();
  return hub;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'transport-'));
  address = `unix://${join(folder, 'hub.sock')}`;
  open = [];
});
afterEach(async () => {
  for (const each of open.reverse()) await each.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('closing a transport that looks its address up', () => {
  /** Looks its address up until `found` is called. */
  const looking = (absent?: () => Promise<void>): { transport: SocketTransport; found: () => void } => {
    let found = (): void => undefined;
    const known = new Promise<string>((resolve) => (found = () => resolve(address)));
    return { transport: new SocketTransport({ address: () => known, absent }), found };
  };

  it('ends, whether a hub is there or the address never comes', async () => {
    await listen();
    for (const comes of [true, false]) {
      const { transport, found } = looking();
      const opened = transport.open();
      const closed = transport.close();
      if (comes) found();
      await closed;
      await expect(opened).rejects.toThrow('was closed');
      expect(transport.state).toBe('closed');
    }
  });

  it('asks for nobody any more', async () => {
    let asked = 0;
    const { transport, found } = looking(() => Promise.resolve(void asked++));
    transport.open().catch(() => undefined);
    const closed = transport.close();
    found();
    await closed;
    expect(asked).toBe(0);
  });
});

describe('a transport that has a hub started', () => {
  const started = (...failures: Error[]): { transport: SocketTransport; calls: () => number } => {
    let calls = 0;
    const absent = async (): Promise<void> => {
      const failure = failures[calls++];
      if (failure) throw failure;
      await listen();
    };
    return { transport: later(new SocketTransport({ address, absent })), calls: () => calls };
  };

  it('fails with what keeps it from starting, and tries again for who comes later', async () => {
    const { transport, calls } = started(new TypeError('the module throws'));
    await expect(transport.open()).rejects.toThrow(TypeError);
    expect(transport.lastError).toBeInstanceOf(TypeError);
    expect(calls()).toBe(1);
    await transport.open();
    expect(calls()).toBe(2);
    expect(transport.lastError).toBeUndefined();
  });

  it('goes on by itself where that may pass', async () => {
    const { transport, calls } = started(new ServerUnavailableError('no memory left for a process'));
    await transport.open();
    expect(calls()).toBe(2);
  });

  it('is over where it cannot ever work', async () => {
    const { transport, calls } = started(new ConfigurationError('no such module'));
    await expect(transport.open()).rejects.toThrow(ConfigurationError);
    await expect(transport.open()).rejects.toThrow(ConfigurationError);
    expect(calls()).toBe(1);
  });
});
