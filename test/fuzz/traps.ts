import { holdWithin, releaseWithin, SharedType } from '../../libs/manager/src/definition/index.js';

/** Who reached what nobody may reach. */
export const touched: string[] = [];
/** Calls that ran, by the name that the object was given. */
export const ran = new Map<string, number>();

class Inherited {
  inherited(): string {
    return 'inherited';
  }
  get inheritedAccessor(): string {
    return trap('inheritedAccessor');
  }
}

function trap(name: string): never {
  touched.push(name);
  throw new Error(`${name} was reached.`);
}

/** A shared type all of whose unexposed members are traps. */
@SharedType({
  typeid: 'Trap',
  exposed: ['add', 'increment', 'told', 'echo', 'child', 'keep', 'tail', 'fail', 'wait'],
  waits: ['wait'],
})
export class Trap extends Inherited {
  readonly #name: string;
  #sum = 0;
  #kept: unknown;

  constructor(name: unknown) {
    super();
    this.#name = typeof name === 'string' ? name : 'nobody';
    // Own properties, which a look-up on the instance would find.
    for (const own of ['own', '__lookupSetter__', 'toJSON']) Object.defineProperty(this, own, { get: () => trap(own) });
  }

  add(by: unknown): number {
    ran.set(this.#name, (ran.get(this.#name) ?? 0) + 1);
    return (this.#sum += Number(by) || 0);
  }
  increment(): number {
    return this.add(1);
  }
  /** What was reached, and the calls that ran, in this process. */
  told(): { touched: string[]; ran: [string, number][]; prototypes: string } {
    return { touched: [...new Set(touched)], ran: [...ran], prototypes: prototypes() };
  }
  echo(value: unknown): unknown {
    return value;
  }
  child(): Trap {
    return new Trap(this.#name);
  }
  keep(value: unknown): void {
    const before = this.#kept;
    this.#kept = holdWithin(value, this);
    releaseWithin(before);
  }
  *tail(count: unknown): Generator {
    for (let i = 0; i < (Number(count) || 3); i++) yield i % 2 ? this.#kept : i;
  }
  fail(value: unknown): never {
    throw Object.assign(new RangeError('It failed, as it was asked to.'), { value, stack: undefined });
  }
  async wait(ms: unknown): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, Math.min(Number(ms) || 0, 50)));
  }

  get accessor(): string {
    return trap('accessor');
  }
  set accessor(_value: string) {
    trap('accessor');
  }
  hidden(): void {
    trap('hidden');
  }
  _private(): void {
    trap('_private');
  }
  override valueOf(): never {
    return trap('valueOf');
  }
  static reach(): void {
    trap('static');
  }
}

Object.defineProperty(Trap.prototype, '__proto__', { get: () => trap('__proto__') });

/** What a hostile frame must not change: the prototypes that everything has. */
export function prototypes(): string {
  const all: object[] = [Object, Array, Map, Set, Function, Error, RegExp, Date, Promise, Buffer, Uint8Array, String];
  return all
    .map((type) => (type as { prototype: object }).prototype)
    .map((prototype) =>
      Reflect.ownKeys(prototype)
        .map((key) => `${String(key)}=${typeof Object.getOwnPropertyDescriptor(prototype, key)?.value}`)
        .join(),
    )
    .join('\n');
}

/** For a server in another process. */
export const TrapSuiteTypes = [Trap];
