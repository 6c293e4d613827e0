/**
 * Checked by `npx tsc --noEmit -p libs/manager/tsconfig.types.json`; nothing here runs. What applications see of the
 * built-in types.
 */
import type { ProxyOf, SharedProxy } from '../definition/index.js';
import type { Manager, Namespace, SharedArray, Value } from './index.js';

type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
type Extends<A, B> = A extends B ? true : false;
declare function holds<_T extends true>(): void;
declare const manager: Manager;

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
