import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../protocol/errors.js';
import { exposedMethods, waitingMethods } from './exposed.js';
import { RESERVED_NAMES } from './reserved-names.js';

const hooks = [
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
];

class Base {
  inherited() {}
  overridden() {}
  hidden() {}
  replaced() {}
}

class Counter extends Base {
  static make() {}
  arrow = () => 1;
  increment() {}
  async value() {}
  *each() {}
  async *stream() {}
  toCopy() {}
  override overridden() {}
  _internal() {}
  __veryInternal() {}
  $dollar() {}
  #secret() {}
  [Symbol.iterator]() {
    this.#secret();
  }
  get current(): never {
    throw new Error('A getter was evaluated.');
  }
  set next(_value: number) {
    throw new Error('A setter was called.');
  }
  onSharedDispose() {}
  toJSON() {}
  override toString() {
    return '';
  }
}
Object.defineProperty(Counter.prototype, 'hidden', {
  get() {
    throw new Error('A getter was evaluated.');
  },
});
Object.defineProperty(Counter.prototype, 'replaced', { value: 5 });
Object.defineProperty(Counter.prototype, 'late', { value: () => 1, enumerable: false });

describe('the methods that are exposed by default', () => {
  it('are the methods of the prototype and of its bases, own ones first', () => {
    expect(exposedMethods(Counter)).toEqual([
      'increment',
      'value',
      'each',
      'stream',
      'toCopy',
      'overridden',
      '$dollar',
      'late',
      'inherited',
    ]);
  });

  it('leave out what a subclass replaced by an accessor or a value', () => {
    expect(exposedMethods(Base)).toEqual(['inherited', 'overridden', 'hidden', 'replaced']);
    expect(exposedMethods(Counter)).not.toContain('hidden');
    expect(exposedMethods(Counter)).not.toContain('replaced');
  });

  it.each([...RESERVED_NAMES])('leave out %s', (name) => {
    class Probe {}
    Object.defineProperty(Probe.prototype, name, { value: () => 1, configurable: true });
    expect(exposedMethods(Probe)).toEqual([]);
  });

  it('have nothing of Object.prototype, of whichever realm', () => {
    class Emitting extends EventEmitter {
      fire() {}
    }
    const exposed = exposedMethods(Emitting);
    expect(exposed).toEqual(expect.arrayContaining(['fire', 'on', 'emit']));
    for (const name of Object.getOwnPropertyNames(Object.prototype)) expect(exposed).not.toContain(name);
  });

  it('may be none, and a prototype may be missing', () => {
    expect(exposedMethods(class {})).toEqual([]);
    expect(exposedMethods(class extends (null as unknown as typeof Object) {})).toEqual([]);
    expect(exposedMethods(() => 1)).toEqual([]);
  });
});

describe('reserved names', () => {
  it('have all of Object.prototype, the hooks of Nest and `then`', () => {
    for (const name of [...Object.getOwnPropertyNames(Object.prototype), ...hooks, 'then', 'onSharedDispose']) {
      expect(RESERVED_NAMES.has(name)).toBe(true);
    }
  });
});

const exposing = (...exposed: string[]) => exposedMethods(Counter, { typeid: 'visits', exposed });

describe('the option `exposed`', () => {
  it('replaces the list, in its own order and without duplicates', () => {
    expect(exposing('value', 'inherited', 'value')).toEqual(['value', 'inherited']);
  });

  it('exposes nothing where it is empty', () => {
    expect(exposing()).toEqual([]);
  });

  it('may name what is left out for its underscore', () => {
    expect(exposing('_internal')).toEqual(['_internal']);
  });

  it.each([...RESERVED_NAMES])('refuses %s', (name) => {
    expect(() => exposing('value', name)).toThrow(ConfigurationError);
    expect(() => exposing('value', name)).toThrow(`The type "visits" cannot expose "${name}": the name is reserved`);
  });

  it.each(['current', 'next', 'hidden'])('refuses the accessor %s without evaluating it', (name) => {
    expect(() => exposing(name)).toThrow(`The type "visits" cannot expose "${name}": it is an accessor.`);
  });

  it.each(['missing', 'arrow', 'replaced', 'make', '#secret', ''])('refuses %p, which is no method', (name) => {
    expect(() => exposing(name)).toThrow(
      `The type "visits" cannot expose "${name}": Counter has no method of that name.`,
    );
  });

  it('refuses what is no list of names', () => {
    expect(() => exposedMethods(Counter, { exposed: 'value' as never })).toThrow(
      'The option `exposed` of the type "Counter" must be an array of names.',
    );
    expect(() => exposedMethods(Counter, { exposed: [Symbol.iterator as never] })).toThrow(ConfigurationError);
  });
});

describe('the option `waits`', () => {
  it('is a list of exposed methods, without duplicates', () => {
    expect(waitingMethods('queue', ['put', 'get'], ['get', 'get'])).toEqual(['get']);
  });

  it('refuses what is not exposed', () => {
    expect(() => waitingMethods('queue', ['put'], ['get'])).toThrow(
      'The type "queue" names "get" in `waits`, which is not one of its exposed methods.',
    );
    expect(() => waitingMethods('queue', ['put'], 'put' as never)).toThrow(ConfigurationError);
  });
});
