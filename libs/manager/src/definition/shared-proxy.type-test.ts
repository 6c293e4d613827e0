/**
 * Checked by `npx tsc --noEmit -p libs/manager/tsconfig.types.json`; nothing here runs. Each `Holds` line fails to compile
 * where the two types differ, and each `@ts-expect-error` where the error is not there any more.
 */
import {
  client,
  share,
  SharedFactory,
  SharedProxy,
  sharedType,
  SharedType,
  type AnyProxy,
  type ProxyOf,
  type Received,
  type Shared,
  type SharedClass,
  type TypeToken,
} from './index.js';

type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
/** Types that mean the same but are written otherwise (an intersection, a mapped type) are compared both ways. */
type Mutual<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Extends<A, B> = A extends B ? true : false;
type Not<T extends boolean> = T extends true ? false : true;
declare function holds<_T extends true>(): void;
declare function some<T>(): T;

// ---- the types under test ------------------------------------------------------------------------------------------

class Magnifier {
  #factor = 1;
  readonly label = 'm';
  get factor(): number {
    return this.#factor;
  }
  scale(by = 2): number {
    return (this.#factor *= by);
  }
  clone(): Magnifier {
    return this;
  }
  self(): this {
    return this;
  }
  maybe(): Magnifier | null {
    return null;
  }
  async later(): Promise<Magnifier | undefined> {
    return undefined;
  }
  pair(): [Magnifier, number] {
    return [this, 1];
  }
  adopt(other: SharedProxy<Magnifier>, ...tags: readonly string[]): void {
    void [other, tags];
  }
  options(name: string, size?: number): { name: string; size?: number } {
    return size === undefined ? { name } : { name, size };
  }
  _internal(): void {}
  toString(): string {
    return 'Magnifier';
  }
  toJSON(): string {
    return '';
  }
  catch(): void {}
  onModuleInit(): void {}
  onSharedDispose(): void {}
  [Symbol.iterator](): Iterator<number> {
    return [1][Symbol.iterator]();
  }
}
class Strong extends Magnifier {
  boost(): number {
    return 3;
  }
}
class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}
interface Tree {
  value: number;
  owner: Magnifier;
  children: Tree[];
}
type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type UserId = string & { readonly __brand: 'UserId' };
enum Color {
  Red,
  Green,
}
interface Reader {
  read(): string;
}
class Store {
  reader(): Shared<Reader> {
    return share(some<Reader>());
  }
  *numbers(): Generator<number, string, boolean> {
    yield 1;
    return '';
  }
  async *magnifiers(): AsyncGenerator<Magnifier, void, undefined> {
    yield new Magnifier();
  }
  lines(): Iterable<string> {
    return [];
  }
  keys(): IterableIterator<string> {
    return [][Symbol.iterator]();
  }
  any(): any {}
  unknown(): unknown {
    return 1;
  }
  never(): never {
    throw new Error();
  }
  optional?(): number;
  id(): UserId {
    return 'x' as UserId;
  }
  color(color: Color): Color {
    return color;
  }
}
interface QueueClient<T> {
  put(item: T): Promise<void>;
  get(): Promise<T>;
  runExclusive<R>(fn: (item: T) => R): Promise<R>;
  [Symbol.asyncIterator](): AsyncIterator<T>;
}
class Queue<T> {
  declare readonly [client]?: QueueClient<T>;
  constructor(readonly maxSize = 0) {}
  put(_item: T): void {}
  clone(): Queue<T> {
    return this;
  }
  [Symbol.asyncIterator](): AsyncIterator<T> {
    return some();
  }
}
class Cursor implements Iterator<number> {
  next(): IteratorResult<number> {
    return { done: true, value: undefined };
  }
}
class Log implements Iterable<string> {
  append(_line: string): void {}
  [Symbol.iterator](): Iterator<string> {
    return [''][Symbol.iterator]();
  }
}

type M = SharedProxy<Magnifier>;
type S = SharedProxy<Store>;
const m = some<M>();
const store = some<S>();

// ---- members -------------------------------------------------------------------------------------------------------

holds<Equal<Exclude<keyof M, symbol>, 'scale' | 'clone' | 'self' | 'maybe' | 'later' | 'pair' | 'adopt' | 'options'>>();
holds<Extends<typeof Symbol.asyncDispose, keyof M>>();
holds<Not<Extends<typeof Symbol.iterator, keyof M>>>();
holds<Equal<M['scale'], (by?: number) => Promise<number>>>();
holds<Equal<M['clone'], () => Promise<M>>>();
holds<Equal<ReturnType<M['self']>, Promise<M>>>();
holds<Equal<M['maybe'], () => Promise<M | null>>>();
holds<Equal<M['later'], () => Promise<M | undefined>>>();
holds<Equal<M['pair'], () => Promise<[M, number]>>>();
holds<Equal<M['adopt'], (other: M, ...tags: readonly string[]) => Promise<void>>>();
holds<Equal<Parameters<M['options']>, [name: string, size?: number | undefined]>>();
holds<Equal<Awaited<ReturnType<M['options']>>, { name: string; size?: number }>>();
holds<Equal<S['optional'], (() => Promise<number>) | undefined>>(); // it may not be there
holds<Equal<Awaited<M>, M>>(); // not thenable

// ---- results -------------------------------------------------------------------------------------------------------

holds<Equal<S['reader'], () => Promise<SharedProxy<Reader>>>>();
holds<Equal<S['numbers'], () => Promise<AsyncGenerator<number, string, boolean>>>>();
holds<Equal<S['magnifiers'], () => Promise<AsyncGenerator<M, void, undefined>>>>();
holds<Equal<S['lines'], () => Promise<AsyncIterableIterator<string>>>>();
holds<Mutual<Awaited<ReturnType<S['keys']>>, AsyncIterableIterator<string, any, any>>>();
holds<Equal<S['any'], () => Promise<any>>>();
holds<Equal<S['unknown'], () => Promise<unknown>>>();
holds<Equal<S['never'], () => Promise<never>>>();
holds<Equal<S['id'], () => Promise<UserId>>>();
holds<Equal<S['color'], (color: Color) => Promise<Color>>>();

// ---- what arrives --------------------------------------------------------------------------------------------------

holds<Equal<Received<string | 1 | null | undefined>, string | 1 | null | undefined>>();
holds<Equal<Received<Date | Buffer | Error | RegExp>, Date | Buffer | Error | RegExp>>();
holds<Equal<Received<Point>, { readonly x: number; readonly y: number }>>();
holds<Equal<Received<Magnifier | string>, M | string>>();
holds<Equal<Received<Magnifier[]>, M[]>>();
holds<Equal<Received<readonly Magnifier[]>, readonly M[]>>();
holds<Equal<Received<readonly [a: Magnifier, b?: Date]>, readonly [a: M, b?: Date]>>();
holds<Equal<Received<Record<string, Magnifier>>, Record<string, M>>>();
holds<Equal<Received<Map<string, Magnifier[]>>, Map<string, M[]>>>();
holds<Equal<Received<ReadonlyMap<Magnifier, 1>>, ReadonlyMap<M, 1>>>();
holds<Equal<Received<Set<Magnifier>>, Set<M>>>();
holds<Equal<Received<ReadonlySet<Magnifier>>, ReadonlySet<M>>>();
holds<Equal<Received<{ now: Promise<Magnifier> }>, { now: M }>>();
holds<Equal<Received<Tree>['children'][number]['owner'], M>>();
holds<Equal<Received<Tree>['value'], number>>();
holds<Mutual<Received<Json>, Json>>();
holds<Equal<Received<M>, M>>();
holds<Equal<Received<Shared<Magnifier>[]>, M[]>>();
holds<Equal<Received<Cursor>, AsyncIterableIterator<number, any, unknown>>>();
holds<Equal<Received<Log>, SharedProxy<Log>>>();
holds<Equal<Received<Queue<Date>>, SharedProxy<Queue<Date>>>>();
holds<Equal<Received<() => void>, never>>();
holds<Equal<Received<any>, any>>();
holds<Equal<Received<unknown>, unknown>>();

// ---- proxies as values ---------------------------------------------------------------------------------------------

holds<Equal<SharedProxy<M>, M>>();
holds<Equal<SharedProxy<any>, any>>();
holds<Equal<SharedProxy<Magnifier | Log>, M | SharedProxy<Log>>>();
holds<Extends<SharedProxy<Strong>, M>>(); // subclass to base
holds<Not<Extends<M, SharedProxy<Strong>>>>();
holds<Extends<M, ProxyOf<Magnifier>>>();
holds<Extends<M, AnyProxy>>();
holds<Equal<Exclude<keyof SharedProxy<Pick<Magnifier, 'scale'>>, symbol>, 'scale'>>();
holds<Extends<SharedProxy<Queue<Date>>, QueueClient<Date> & AnyProxy>>();
holds<Equal<SharedProxy<Queue<Date>>['put'], (item: Date) => Promise<void>>>();
export async function generic<T>(queue: SharedProxy<Queue<T>>, item: T): Promise<T> {
  await queue.put(item); // with a client view, an open T resolves
  for await (const each of queue) return each;
  return queue.runExclusive((first) => first);
}

// ---- functions that take types and proxies -------------------------------------------------------------------------

declare function create<T, A extends unknown[]>(
  type: SharedClass<T, A> | TypeToken<T, A>,
  ...args: A
): Promise<SharedProxy<T>>;
declare function create<T = unknown>(typeid: string, ...args: unknown[]): Promise<SharedProxy<T>>;
declare function dup<P extends AnyProxy>(proxy: P): P;
declare function copyOf<C>(proxy: ProxyOf<{ toCopy(): C }>): Promise<C>;
class Copyable {
  toCopy(): Date {
    return new Date();
  }
}
const PointType = sharedType<Magnifier, [name: string, size?: number]>('Magnifier');

export async function uses(): Promise<void> {
  const fromClass = await create(Magnifier);
  holds<Equal<typeof fromClass, M>>();
  const fromGeneric = await create(Queue<Date>, 8);
  holds<Equal<typeof fromGeneric, SharedProxy<Queue<Date>>>>();
  const fromToken = await create(PointType, 'a', 2);
  holds<Equal<typeof fromToken, M>>();
  const again = dup(m);
  holds<Equal<typeof again, M>>();
  const copy = await copyOf(some<SharedProxy<Copyable>>());
  holds<Equal<typeof copy, Date>>();
  await using scoped = await create<Magnifier>('Magnifier');
  await scoped.scale(2);
  const marked = share(new Magnifier() as Strong, sharedType<Pick<Magnifier, 'scale'>>('Scaler'));
  holds<Equal<typeof marked, Shared<Pick<Magnifier, 'scale'>>>>();
  const plain = share(new Log());
  holds<Equal<typeof plain, Shared<Log>>>();

  // @ts-expect-error a wrong argument of the constructor
  await create(Queue<Date>, 'eight');
  // @ts-expect-error a missing argument of the token
  await create(PointType);
  // @ts-expect-error a class without toCopy()
  await copyOf(m);
  // @ts-expect-error a plain object is no proxy
  dup({ scale: async () => 1 });
  // @ts-expect-error the token's type has what the value has not
  share(new Log(), PointType);
}

// ---- what is refused -----------------------------------------------------------------------------------------------

export async function refused(): Promise<void> {
  // @ts-expect-error a plain instance where a proxy is wanted
  await m.adopt(new Magnifier());
  // @ts-expect-error a proxy of something else
  await m.adopt(some<SharedProxy<Log>>());
  // @ts-expect-error accessors are not there
  void m.factor;
  // @ts-expect-error fields are not there
  void m.label;
  // @ts-expect-error private by name
  await m._internal();
  // @ts-expect-error reserved
  m.catch();
  // @ts-expect-error reserved: Nest's hook
  m.onModuleInit();
  // @ts-expect-error a generator is awaited first
  for await (const each of store.numbers()) void each;
  // @ts-expect-error a wrong argument
  await m.scale('2');
  // @ts-expect-error methods cannot be replaced
  m.scale = async () => 1;
  // @ts-expect-error a proxy is not its object
  const instance: Magnifier = m;
  void instance;
  // @ts-expect-error narrowed away
  await some<SharedProxy<Pick<Magnifier, 'scale'>>>().clone();
}

// ---- decorators ----------------------------------------------------------------------------------------------------

@SharedType({ exposed: ['run', 'take'], waits: ['take'], typeid: 'Job' })
export class Job {
  run(): void {}
  take(by?: number): number {
    return by ?? 0;
  }
}
@SharedType()
export class Closed {
  private constructor(readonly id: string) {}
  static open(id: string): Closed {
    return new Closed(id);
  }
  read(): string {
    return this.id;
  }
}
@SharedType({ exposed: Object.keys({}) }) // names that are not literals are checked at bootstrap
export class Dynamic {}

// @ts-expect-error no such method
@SharedType({ exposed: ['run', 'walk'] })
export class Typo {
  run(): void {}
}
// @ts-expect-error a private method
@SharedType({ waits: ['hidden'] })
export class Hidden {
  private hidden(): void {}
  shown(): void {
    this.hidden();
  }
}
// @ts-expect-error a field
@SharedType({ exposed: ['size'] })
export class Field {
  size = 1;
}

const inject: ParameterDecorator = () => undefined;
/** Decorator metadata names the type: with `isolatedModules`, TS1272 where SharedProxy were a type only. */
export class Injected {
  constructor(@inject readonly job: SharedProxy<Job>) {}
}

export class Provider {
  @SharedFactory({ typeid: 'Job', type: Job, exposed: ['run'] })
  open(_id: string): Job {
    return new Job();
  }
  @SharedFactory({ type: Closed, waits: ['read'] })
  async closed(id: string): Promise<Closed> {
    return Closed.open(id);
  }
  @SharedFactory({ typeid: 'DateQueue', type: Queue })
  queue(): Queue<Date> {
    return new Queue<Date>();
  }
  // @ts-expect-error makes something else
  @SharedFactory({ typeid: 'Job', type: Job })
  wrong(): Date {
    return new Date();
  }
  // @ts-expect-error no such method of the type
  @SharedFactory({ typeid: 'Job', type: Job, exposed: ['walk'] })
  typo(): Job {
    return new Job();
  }
}
