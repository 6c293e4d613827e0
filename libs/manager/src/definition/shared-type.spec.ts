import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../protocol/errors.js';
import { getSharedFactoryOptions, SharedFactory, sharedFactoriesOf } from './shared-factory.js';
import { getSharedTypeOptions, SharedType } from './shared-type.js';
import { defineFactory, defineType } from './type-definition.js';

@SharedType()
class Counter {
  constructor(readonly start = 0) {}
  increment() {
    return this.start + 1;
  }
}

@SharedType({ typeid: 'jobs', exposed: ['put', 'take'], waits: ['take'], serial: true })
class Jobs {
  put() {}
  take() {}
  peek() {}
}

class Undecorated extends Counter {
  twice() {}
}

abstract class Report {
  abstract render(): string;
}

describe('@SharedType', () => {
  it('takes the typeid from the class', () => {
    expect(getSharedTypeOptions(Counter)).toEqual({ typeid: 'Counter' });
  });

  it('is not inherited', () => {
    expect(getSharedTypeOptions(Undecorated)).toBeUndefined();
    expect(() => defineType(Undecorated)).toThrow(
      'The class Undecorated is not a shared type: add `@SharedType()` to it, or use a token made with sharedType(). ' +
        'The decorator of its base, "Counter", is not inherited.',
    );
  });

  it('leaves the class as it was', () => {
    expect(Reflect.ownKeys(Counter)).toEqual(expect.arrayContaining(['length', 'name', 'prototype']));
    expect(Reflect.ownKeys(Counter)).toHaveLength(3);
  });

  it('refuses a class without a name, unless it is given one', () => {
    expect(() => SharedType()(class {})).toThrow(ConfigurationError);
    const anonymous = (() => class {})();
    SharedType({ typeid: 'given' })(anonymous);
    expect(getSharedTypeOptions(anonymous)?.typeid).toBe('given');
  });
});

describe('the definition of a class', () => {
  it('has every option settled', () => {
    const definition = defineType(Counter);
    expect(definition).toMatchObject({
      typeid: 'Counter',
      exposed: ['increment'],
      serial: false,
      context: false,
      type: Counter,
      proxy: undefined,
    });
    expect([...definition.methods]).toEqual(['increment']);
    expect(definition.waits.size).toBe(0);
    expect(definition.create(4)).toEqual(new Counter(4));
    expect(Object.isFrozen(definition)).toBe(true);
  });

  it('takes the options of its decorator', () => {
    const definition = defineType(Jobs);
    expect(definition).toMatchObject({ typeid: 'jobs', exposed: ['put', 'take'], serial: true, context: true });
    expect([...definition.waits]).toEqual(['take']);
  });

  it('lets overrides win, but not with undefined', () => {
    const overrides = { typeid: 'jobs2', exposed: ['take'], serial: undefined } as never;
    expect(defineType(Jobs, overrides)).toMatchObject({ typeid: 'jobs2', exposed: ['take'], serial: true });
  });

  it('needs no decorator where a typeid is given', () => {
    expect(defineType(Undecorated, { typeid: 'u' }).exposed).toEqual(['twice', 'increment']);
  });

  it('refuses options that cannot work', () => {
    expect(() => defineType(Jobs, { waits: ['peek'] })).toThrow('names "peek" in `waits`');
    expect(() => defineType(Jobs, { exposed: ['then'] })).toThrow('The type "jobs" cannot expose "then"');
    expect(() => defineType(Jobs, { context: false })).toThrow('drop `context: false`');
    expect(() => defineType(Counter, { proxy: 5 as never })).toThrow('must be a function that gives a class');
    expect(() => defineType(undefined as never)).toThrow('A shared type is registered by its class, got undefined.');
  });

  it.each([
    ['an empty one', ''],
    ['a long one', 'x'.repeat(201)],
    ['a line break', 'a\nb'],
    ['a control character', 'a\u0085'],
    ['half of a surrogate pair', 'a\ud800'],
    ['a number', 5 as never],
  ])('refuses %s as a typeid', (_, typeid) => {
    expect(() => defineType(Counter, { typeid })).toThrow(ConfigurationError);
    expect(() => SharedType({ typeid })(class X {})).toThrow(ConfigurationError);
  });

  it('takes any other string as a typeid', () => {
    for (const typeid of ['x'.repeat(200), 'Größe', 'a b:c', '😀', '__proto__']) {
      expect(defineType(Counter, { typeid }).typeid).toBe(typeid);
    }
  });
});

function wrapping(_: object, __: string, descriptor: PropertyDescriptor) {
  const method = descriptor.value as (...args: unknown[]) => unknown;
  descriptor.value = function (this: unknown, ...args: unknown[]) {
    return method.apply(this, args);
  };
}

class Reports {
  @SharedFactory({ typeid: 'Report', type: Report, exposed: ['render'] })
  open(id: string): Report {
    return { render: () => id };
  }
  @wrapping
  @SharedFactory({ type: Jobs })
  async jobs(): Promise<Jobs> {
    return new Jobs();
  }
  other() {}
}
class MoreReports extends Reports {
  override open(id: string): Report {
    return super.open(id);
  }
  @SharedFactory({ type: Counter, typeid: 'More' })
  more() {
    return new Counter();
  }
}

describe('@SharedFactory', () => {
  it('is found by the function', () => {
    expect(getSharedFactoryOptions(Reports.prototype.open)).toEqual({
      typeid: 'Report',
      type: Report,
      exposed: ['render'],
    });
    expect(getSharedFactoryOptions(Reports.prototype.other)).toBeUndefined();
  });

  it('is found by the class, under a wrapper too', () => {
    expect([...sharedFactoriesOf(Reports)].map(([name, { typeid }]) => [name, typeid])).toEqual([
      ['open', 'Report'],
      ['jobs', 'jobs'],
    ]);
  });

  it('is inherited, unless the subclass overrides the method', () => {
    expect([...sharedFactoriesOf(MoreReports).keys()]).toEqual(['more', 'jobs']);
  });

  it('refuses static methods and factories of nothing', () => {
    const options = { type: Counter };
    const descriptor = { value: () => new Counter() };
    expect(() => SharedFactory(options)(Reports, 'open', descriptor)).toThrow('Reports.open is none');
    expect(() => SharedFactory({ type: undefined } as never)({}, 'x', descriptor as never)).toThrow(
      'must be the class of what it makes, got undefined',
    );
  });

  it('gives a definition with the decorator of its type below its own', () => {
    const create = () => new Jobs();
    const definition = defineFactory({ type: Jobs, typeid: 'mine', waits: [] }, create);
    expect(definition).toMatchObject({ typeid: 'mine', exposed: ['put', 'take'], serial: true, type: Jobs, create });
    expect(definition.waits.size).toBe(0);
  });

  it('cannot expose what an abstract class does not implement', () => {
    expect(() => defineFactory({ type: Report, typeid: 'Report', exposed: ['render'] }, () => undefined)).toThrow(
      'The type "Report" cannot expose "render"',
    );
  });
});
