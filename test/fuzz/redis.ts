import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { decodeFrame } from '../../libs/manager/src/protocol/decode-frame.suite.js';
import { DEFAULT_LIMITS, FrameKind, type FrameHeader } from '../../libs/manager/src/protocol/index.js';
import { RedisTransport } from '../../libs/manager/src/transport/index.js';
import { Manager } from '../../libs/manager/src/types/index.js';
import type { RedisServer } from '../support/redis-server.js';
import { Stage } from '../support/stage.js';
import { shot } from './attack.js';
import { Dice } from './dice.js';
import { Eavesdropper } from './eavesdropper.js';
import { Honest } from './honest.js';
import type { Trap } from './traps.js';

export interface Report {
  readonly frames: number;
  readonly calls: number;
  readonly failed: number;
  readonly lines: number;
  readonly heap: number;
  readonly wrong: readonly string[];
}

const LEASE = 1500;
const VOLLEY = 100;
const KEY = 'the key of those who are no strangers';
const TRAPS = new URL('traps.ts', import.meta.url).href;
const SOURCES = new URL('../workers/dist/sources.js', import.meta.url).href;
const VICTIM = 'victim';
type Inbox = 'server' | 'client';

/** Fuzzes a server and an application, each a process of its own, by raw XADD into their inboxes for so long. */
export async function playOverRedis(redis: RedisServer, seed: number, sealed: boolean, ms: number): Promise<Report> {
  const dice = new Dice(seed);
  const wrong: string[] = [];
  const stage = new Stage(redis);
  const folder = await mkdtemp(join(tmpdir(), 'manager-fuzz-'));
  const warnings = join(folder, 'warnings');
  const authkey = sealed ? { authkey: KEY } : {};
  const server = await stage.server({ lease: LEASE, suites: [TRAPS], ...authkey }, [
    ...['--import', SOURCES, '--expose-gc', `--redirect-warnings=${warnings}`],
  ]);
  const raw = new Redis(redis.url);
  const generation = (await server.ask('identity'))?.generation;
  const ear = new Eavesdropper(
    ['Trap', 'list', 'dict', 'queue', 'lock'],
    ['add', 'echo', 'child', 'push', 'put', 'update'],
  );
  ear.serverInbox = `s-default-${generation}`;
  const tap = new Tap(redis.url, stage.namespace, ear);
  const victim = await stage.application({ application: VICTIM, timeout: 2000, ...authkey }, [
    `--redirect-warnings=${warnings}`,
  ]);
  const transport = new RedisTransport({ redis: redis.url, namespace: stage.namespace });
  const manager = new Manager({ transport, application: 'bystander', ...authkey });
  const honest = new Honest(manager, 'bystander', wrong);
  const working = honest.work();
  await honest.started;
  const witness = await manager.create<Trap>('Trap', 'witness');
  const before = await witness.told();
  const heapBefore = await server.ask('heap');

  let over = false;
  let calls = 0;
  let failed = 0;
  /** Counts up in sessions of its own; begins anew where one was ended by others. */
  const drive = async (): Promise<void> => {
    let key: number | undefined;
    while (!over) {
      try {
        key ??= await victim.ask('create', 'Trap', VICTIM);
        const report = await victim.ask('drive', { calls: 40, batch: 8, every: 10, key });
        calls += report.acknowledged;
        const lost = Object.values(report.failed).reduce((sum, count) => sum + count, 0);
        failed += lost;
        if (lost === 0) continue;
        if (sealed) return void wrong.push(`calls of the victim failed: ${report.errors.join()}`);
      } catch (error) {
        if (sealed || !victim.running) return void wrong.push(`the victim failed: ${String(error)}`);
      }
      key = undefined;
    }
  };
  const driving = drive();
  await tap.found;

  const until = performance.now() + ms;
  const since = server.logs.length;
  let frames = 0;
  while (performance.now() < until) {
    const pipeline = raw.pipeline();
    for (let i = 0; i < VOLLEY; i++) {
      const made = shot(dice, ear);
      if (!made) continue;
      frames++;
      const key = `${stage.namespace}:{${made.inbox}}:${made.lane}`;
      pipeline.xadd(key, 'NOMKSTREAM', '*', ...fields(dice, made.bytes));
    }
    await pipeline.exec();
    if (!server.running || !victim.running) break;
    await sleep(1);
  }
  over = true;
  honest.stop();
  await Promise.all([driving, working]);
  await tap.close();

  const seconds = ms / 1000;
  const lines = server.logs.slice(since);
  const loud = lines.filter(({ level }) => level !== 'log' && level !== 'debug');
  if (loud.length > 2 * seconds + 15) wrong.push(`${loud.length} lines were logged in ${seconds} s`);
  for (const { level, text } of lines) {
    if (level === 'error') wrong.push(`logged as an error: ${text}`);
    if (text.length > 1000 || /\p{Cc}/u.test(text)) wrong.push(`a line was forged: ${text.slice(0, 200)}`);
  }
  const warned = victim.logs.filter(({ level }) => level === 'warn').length;
  if (warned > seconds + 2) wrong.push(`the victim logged ${warned} lines in ${seconds} s`);
  const after = await witness.told();
  if (after.touched.length > 0) wrong.push(`reached what is not exposed: ${after.touched.join()}`);
  if (after.prototypes !== before.prototypes) wrong.push('a prototype that everything has was changed');
  const times = new Map(after.ran);
  if (times.get('bystander') !== honest.added)
    wrong.push(`${honest.added} calls of the bystander ran ${times.get('bystander')} times`);
  if (sealed && times.get(VICTIM) !== calls) wrong.push(`${calls} calls of the victim ran ${times.get(VICTIM)} times`);
  if (sealed && [...times.keys()].some((name) => name !== 'bystander' && name !== VICTIM)) {
    wrong.push(`calls of a stranger ran: ${JSON.stringify(after.ran)}`);
  }
  await victim.ask('close').catch((error: unknown) => wrong.push(`the victim did not close: ${String(error)}`));
  await settled(manager, wrong);
  const heap = (await server.ask('heap')) - heapBefore;
  const told = await readFile(warnings, 'utf8').catch(() => '');
  if (/TimeoutOverflow|MaxListeners|Unhandled/.test(told)) wrong.push(told.slice(0, 500));
  for (const worker of [server, victim]) if (worker === server && !worker.running) wrong.push(`${worker.name} is gone`);
  await manager.close();
  await stage.close();
  raw.disconnect();
  await rm(folder, { recursive: true, force: true });
  return { frames, calls: calls + honest.calls, failed, lines: loud.length, heap, wrong };
}

/** Mostly as the library writes an entry; else as nobody does. */
function fields(dice: Dice, bytes: Buffer): (string | Buffer)[] {
  if (dice.chance(0.97)) return ['f', bytes];
  return dice.pick([
    ['w', bytes],
    ['f', bytes, 'f', bytes],
    ['f', ''],
    ['', bytes],
    ['frame', bytes],
    ['x', 'y', 'f', bytes],
  ]);
}

/** After the leases of the victim's sessions only what the bystander holds is there. */
async function settled(manager: Manager, wrong: string[]): Promise<void> {
  const until = performance.now() + LEASE * 5;
  for (;;) {
    const { servers } = await manager.debugInfo();
    const objects = servers.flatMap((server) => server.objects);
    for (const { typeid, name } of objects) if (name !== undefined) await manager.unlink(typeid, name);
    const left = objects.filter(({ holders }) => holders.some(({ application }) => application !== 'bystander'));
    if (left.length === 0 && objects.length === 2) return;
    if (performance.now() > until)
      return void wrong.push(`${objects.length} objects are left: ${JSON.stringify(left.slice(0, 3))}`);
    await sleep(50);
  }
}

/** Reads the inboxes of the victim and of its server as they are written. */
class Tap {
  /** Resolves once the victim was seen. */
  readonly found: Promise<void>;
  readonly #client: Redis;
  readonly #namespace: string;
  readonly #ear: Eavesdropper;
  readonly #positions = new Map<string, string>();
  readonly #reading: Promise<void>;
  #seen: () => void = () => undefined;
  #closed = false;

  constructor(url: string, namespace: string, ear: Eavesdropper) {
    this.#client = new Redis(url);
    this.#namespace = namespace;
    this.#ear = ear;
    this.found = new Promise((resolve) => (this.#seen = resolve));
    this.#follow('server');
    this.#reading = this.#read();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#reading;
    this.#client.disconnect();
  }

  #follow(inbox: Inbox): void {
    const owner = inbox === 'server' ? this.#ear.serverInbox : this.#ear.clientInbox;
    for (const lane of ['frames', 'beats']) this.#positions.set(`${this.#namespace}:{${owner}}:${lane}`, '0-0');
  }

  async #read(): Promise<void> {
    while (!this.#closed) {
      const keys = [...this.#positions.keys()];
      const streams = [...keys, ...keys.map((key) => this.#positions.get(key) as string)] as [string, ...string[]];
      const reply = (await this.#client.xreadBuffer('COUNT', 200, 'BLOCK', 50, 'STREAMS', ...streams)) as
        [key: Buffer, entries: [id: Buffer, fields: Buffer[]][]][] | null;
      for (const [key, entries] of reply ?? []) {
        this.#positions.set(String(key), String(entries.at(-1)?.[0] ?? '0-0'));
        for (const [, [, bytes]] of entries) if (bytes) this.#heard(String(key), bytes);
      }
    }
  }

  #heard(key: string, bytes: Buffer): void {
    const header = headerOf(bytes);
    const ear = this.#ear;
    if (!header) return;
    const to = key.includes(ear.serverInbox) ? 'server' : 'client';
    if (
      to === 'server' &&
      header[0] === FrameKind.hello &&
      header[2].application === VICTIM &&
      ear.clientInbox === ''
    ) {
      ear.clientInbox = header[2].inbox;
      this.#follow('client');
      this.#seen();
    }
    // Nobody else is impersonated.
    if (ear.clientInbox !== '' && header[1].startsWith(`${ear.clientInbox}.`)) ear.heard(to, bytes);
  }
}

function headerOf(bytes: Buffer): FrameHeader | undefined {
  let found: FrameHeader | undefined;
  try {
    decodeFrame(
      bytes,
      (header) => ((found = header), null),
      () => undefined,
      DEFAULT_LIMITS,
    );
  } catch {
    // One of ours.
  }
  return found;
}
