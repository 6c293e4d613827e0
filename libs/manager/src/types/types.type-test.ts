/**
 * Checked by `npx tsc --noEmit -p libs/manager/tsconfig.types.json`; nothing here runs. What applications see of the
 * built-in types.
 */
import type { ProxyOf, SharedProxy } from '../definition/index.js';
import type {
  Dict,
  DictClient,
  List,
  ListClient,
  Manager,
  Namespace,
  Pool,
  SetClient,
  SharedArray,
  SharedEvent,
  SharedSet,
  Value,
} from './index.js';

type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
type Extends<A, B> = A extends B ? true : false;
declare function holds<_T extends true>(): void;
declare const manager: Manager;
declare const pool: typeof Pool;

// ---- value ---------------------------------------------------------------------------------------------------------

async function values(job: SharedProxy<Value<{ id: number }>>): Promise<void> {
  const count = await manager.value(0);
  holds<Equal<typeof count, SharedProxy<Value<number>>>>();
  holds<Extends<typeof count, ProxyOf<Value<number>>>>();
  const sum = await count.add(1);
  holds<Equal<typeof sum, number>>();
  // @ts-expect-error a bigint is not added to a number
  await count.add(1n);
  // @ts-expect-error the value is a number
  await count.set('1');

  const big = await manager.named('big').value<bigint | undefined>(1n);
  const bigSum = await big.add(1n);
  holds<Equal<typeof bigSum, bigint>>();

  const read = await job.get();
  holds<Equal<typeof read, { id: number }>>();
  const won = await job.compareAndSet(read, { id: read.id + 1 });
  holds<Equal<typeof won, boolean>>();
  // @ts-expect-error what is neither a number nor a bigint cannot be added to
  await job.add(1);
  const copy = await manager.copyOf(job);
  holds<Equal<typeof copy, { id: number }>>();
}

// ---- array ---------------------------------------------------------------------------------------------------------

async function arrays(flags: SharedProxy<SharedArray<'B'>>): Promise<void> {
  const flag = await flags.at(0);
  holds<Equal<typeof flag, number | undefined>>();
  for await (const item of flags) holds<Equal<typeof item, number>>();
  const again = await manager.array('B', flags);
  holds<Equal<typeof again, SharedProxy<SharedArray<'B'>>>>();

  const bigs = await manager.array('q', [1, 2n]);
  await bigs.set(0, 5);
  await bigs.fill(5n, 1);
  const slice = await bigs.slice(1);
  holds<Equal<typeof slice, bigint[]>>();

  const text = await manager.array('w', 'text');
  const letters = await manager.copyOf(text);
  holds<Equal<typeof letters, string[]>>();
  // @ts-expect-error characters are strings
  await text.set(0, 1);
  // @ts-expect-error items are numbers
  await flags.set(0, 1n);
  // @ts-expect-error there is no such code
  await manager.array('x', [1]);
  // @ts-expect-error a size is no items
  await manager.array('i', 5);
}

// ---- namespace -----------------------------------------------------------------------------------------------------

interface Settings {
  limit: number;
  owner: string;
  note?: string;
}

async function namespaces(settings: SharedProxy<Namespace<Settings>>): Promise<void> {
  const limit = await settings.get('limit');
  holds<Equal<typeof limit, number>>();
  // A field that is not there is an error, and not undefined.
  const note = await settings.get('note');
  holds<Equal<typeof note, string>>();
  await settings.set('note', 'x');
  await settings.delete('note');
  const keys = await settings.keys();
  holds<Equal<typeof keys, ('limit' | 'owner' | 'note')[]>>();
  const copy = await manager.copyOf(settings);
  holds<Equal<typeof copy, Settings>>();
  // @ts-expect-error the field is a number
  await settings.set('limit', '5');
  // @ts-expect-error there is no such field
  await settings.get('limits');

  const inferred = await manager.namespace({ limit: 10, owner: 'ops' });
  holds<Equal<typeof inferred, SharedProxy<Namespace<{ limit: number; owner: string }>>>>();
  await manager.namespace<{ limit: number; owner: string }>({ limit: 1, owner: 'me' });
  const open = await manager.namespace();
  await open.set('anything', new Date());
  const anything = await open.get('anything');
  holds<Equal<typeof anything, unknown>>();
  // @ts-expect-error fields are an object
  await manager.namespace(5);
}

void [values, arrays, namespaces];

// ---- list, dict, set -----------------------------------------------------------------------------------------------

interface Job {
  id: number;
  tags: string[];
}

async function lists(
  jobs: SharedProxy<List<Job>>,
  values: SharedProxy<List<SharedProxy<Value<number>>>>,
): Promise<void> {
  holds<Equal<SharedProxy<List<Job>>, ListClient<Job> & ProxyOf<List<Job>>>>();
  const made = [await manager.list<Job>(), await manager.list([{ id: 1, tags: ['a'] }]), await manager.list(jobs)];
  holds<Equal<(typeof made)[number], SharedProxy<List<Job>>>>();
  const job = await jobs.at(0);
  holds<Equal<typeof job, Job | undefined>>();
  const [last, first] = [await jobs.pop(), await jobs.pop(0)];
  holds<Equal<typeof last, Job | undefined>>();
  holds<Equal<typeof first, Job>>();
  const length = await jobs.push(first, { id: 2, tags: [] });
  holds<Equal<typeof length, number>>();
  const all = await jobs.concat([first], first, jobs);
  holds<Equal<typeof all, Job[]>>();
  const copy = await manager.copyOf(jobs);
  holds<Equal<typeof copy, Job[]>>();
  for await (const each of jobs) holds<Equal<typeof each, Job>>();
  await jobs.extend(new Set([first]).values());
  await jobs.sort({ key: 'id', reverse: true });
  // @ts-expect-error no job
  await jobs.push('job');
  // @ts-expect-error a function does not travel: a key is the path of a property
  await jobs.sort({ key: (each: Job) => each.id });
  // @ts-expect-error a list of something else
  await jobs.extend(values);

  const value = await values.at(0);
  holds<Equal<typeof value, SharedProxy<Value<number>> | undefined>>();
}

async function dicts(rooms: SharedProxy<Dict<SharedProxy<List<Job>>, number>>): Promise<void> {
  holds<Equal<SharedProxy<Dict<string, Job>>, DictClient<string, Job> & ProxyOf<Dict<string, Job>>>>();
  const stock = await manager.dict({ apples: 1, pears: 2 });
  holds<Equal<typeof stock, SharedProxy<Dict<string, number>>>>();
  const pairs = await manager.dict([
    ['a', 1],
    ['b', 2],
  ]);
  holds<Equal<typeof pairs, SharedProxy<Dict<string, number>>>>();
  const fields = await manager.dict(Object.entries({ a: [1] }));
  holds<Equal<typeof fields, SharedProxy<Dict<string, number[]>>>>();
  const map = await manager.dict(new Map([[1, 'a']]));
  holds<Equal<typeof map, SharedProxy<Dict<number, string>>>>();
  const empty = await manager.dict<'a' | 'b', Date>({ a: new Date() });
  const copied = await manager.dict(empty);
  holds<Equal<typeof copied, SharedProxy<Dict<'a' | 'b', Date>>>>();

  const apples = await stock.get('apples');
  holds<Equal<typeof apples, number | undefined>>();
  const popped = [await stock.pop('apples'), await stock.pop('apples', undefined), await stock.pop('apples', 'none')];
  holds<Equal<(typeof popped)[number], number | undefined | string>>();
  const last = await stock.popItem();
  holds<Equal<typeof last, [string, number]>>();
  const content = await manager.copyOf(stock);
  holds<Equal<typeof content, Map<string, number>>>();
  for await (const [key, value] of rooms) {
    holds<Equal<typeof key, SharedProxy<List<Job>>>>();
    holds<Equal<typeof value, number>>();
  }
  await stock.update({ plums: 3 });
  await stock.update([['plums', 3]]);
  await stock.update(stock);
  await map.update(new Map([[2, 'b']]).entries());
  await empty.update({ b: new Date() });
  // @ts-expect-error no such key
  await empty.set('c', new Date());
  // @ts-expect-error the fields of an object are strings, and keys here are numbers
  await map.update({ a: 'a' });
  // @ts-expect-error no number
  await stock.set('apples', '1');
  await manager.dict<SharedProxy<List<Job>>, number>([[await manager.list<Job>(), 1]]);
  // @ts-expect-error an object is no key
  await manager.dict<{ id: number }, number>();
  // @ts-expect-error an object is no key
  await manager.dict(new Map([[{ id: 1 }, 1]]));
}

async function sets(online: SharedProxy<SharedSet<string>>): Promise<void> {
  holds<Equal<SharedProxy<SharedSet<string>>, SetClient<string> & ProxyOf<SharedSet<string>>>>();
  const made = [await manager.set<string>(), await manager.set(['a', 'b']), await manager.set(online)];
  holds<Equal<(typeof made)[number], SharedProxy<SharedSet<string>>>>();
  const few = await manager.set<'a' | 'b'>(['a', 'b']);
  holds<Equal<typeof few, SharedProxy<SharedSet<'a' | 'b'>>>>();
  const union = await online.union(['a'], new Set(['b']), online);
  holds<Equal<typeof union, Set<string>>>();
  const copy = await manager.copyOf(online);
  holds<Equal<typeof copy, Set<string>>>();
  const member = await online.pop();
  holds<Equal<typeof member, string>>();
  for await (const each of online) holds<Equal<typeof each, string>>();
  // @ts-expect-error no string
  await online.add(1);
  // @ts-expect-error a set of something else
  await online.update([1]);
  // @ts-expect-error an object is no member
  await manager.set<{ id: number }>();
  // @ts-expect-error an object is no member
  await manager.set([{ id: 1 }]);
}

// ---- event ---------------------------------------------------------------------------------------------------------

async function events(ready: SharedProxy<SharedEvent>): Promise<void> {
  const woken = await ready.wait(10);
  holds<Equal<typeof woken, boolean>>();
  const again = await manager.named('ready').event();
  holds<Equal<typeof again, SharedProxy<SharedEvent>>>();
  // @ts-expect-error a timeout is a number of ms
  await ready.wait('10');
  // @ts-expect-error an event has nothing to be copied
  await manager.copyOf(ready);
}

void events;

// ---- pool ----------------------------------------------------------------------------------------------------------

interface Tasks {
  version: number;
  square: (number: number) => number;
  render: (page: { id: number }, dpi?: number) => Promise<Uint8Array>;
}

async function pools(some: SharedProxy<Pool<Tasks>>, any: SharedProxy<Pool>): Promise<void> {
  const made = await manager.pool<Tasks>(2, { tasks: new URL('file:///tasks.js') });
  holds<Equal<typeof made, SharedProxy<Pool<Tasks>>>>();
  const square = await some.apply('square', [2]);
  holds<Equal<typeof square, number>>();
  const pages = await some.map('render', [{ id: 1 }], { chunkSize: 2 });
  holds<Equal<typeof pages, Uint8Array[]>>();
  await some.starmap('render', [[{ id: 1 }, 300], [{ id: 2 }]]);
  const result = await some.applyAsync('render', [{ id: 1 }, 300]);
  const page = await result.get(10);
  holds<Equal<typeof page, Uint8Array>>();
  for await (const one of await some.imap('square', new Set([1]))) holds<Equal<typeof one, number>>();
  for await (const one of await some.imapUnordered('square', [1], { settled: true })) {
    holds<Equal<typeof one, PromiseSettledResult<number>>>();
  }
  // @ts-expect-error there is no such task
  await some.apply('cube', [2]);
  // @ts-expect-error a number is no task
  await some.apply('version');
  // @ts-expect-error it takes a number
  await some.apply('square', ['2']);
  // @ts-expect-error it takes pages
  await some.map('render', [1]);
  await manager.create(pool, 2, { tasks: new URL('file:///tasks.js').href });
  // @ts-expect-error arguments travel as they are, and a URL does not
  await manager.create(pool, 2, { tasks: new URL('file:///tasks.js') });
  // @ts-expect-error neither here
  await manager.get(pool, 'pages', 2, { tasks: new URL('file:///tasks.js') });
  // @ts-expect-error a pool is made with the module of its tasks
  await manager.pool(2);

  const unknown = await any.apply('whatever', [1, 'a']);
  holds<Equal<typeof unknown, unknown>>();
}

void pools;
