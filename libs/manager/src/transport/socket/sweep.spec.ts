import { mkdtempSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SocketHub } from './socket-hub.js';
import { sweep } from './sweep.js';

const HOUR = 3600;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sweep-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const make = (name: string, age: number): void => {
  const time = Date.now() / 1000 - age;
  writeFileSync(join(folder, name), '');
  utimesSync(join(folder, name), time, time);
};
const left = (): string[] => readdirSync(folder).toSorted();

describe('the folder of the sockets', () => {
  it('is rid of what killed processes left, and keeps what is in use', async () => {
    make('once-0123.generation', HOUR);
    make('0123.generation', HOUR);
    make('4567.generation', 8 * 24 * HOUR);
    make('a.sock.lock', HOUR);
    make('b.sock.lock', 0);
    make('.0123456789', HOUR);
    make('.aaaaaaaaaa', 0);
    make('somebody else’s', HOUR);
    const hub = new SocketHub({ listen: `unix://${join(folder, 'live.sock')}`, generations: join(folder, 'x') });
    await hub.open();
    // The name of another one, which outlives it.
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(join(folder, 'first'), resolve));
    renameSync(join(folder, 'first'), join(folder, 'dead.sock'));
    await new Promise((resolve) => dead.close(resolve));
    await sweep(folder);
    expect(left()).toEqual(['.aaaaaaaaaa', '.swept', '0123.generation', 'b.sock.lock', 'live.sock', 'somebody else’s']);
    await hub.close();
  });

  it('is looked through once an hour', async () => {
    await sweep(folder);
    make('a.sock.lock', HOUR);
    await sweep(folder);
    expect(left()).toEqual(['.swept', 'a.sock.lock']);
    make('.swept', 2 * HOUR);
    await sweep(folder);
    expect(left()).toEqual(['.swept']);
  });
});
