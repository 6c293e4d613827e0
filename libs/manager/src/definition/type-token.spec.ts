import 'reflect-metadata';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError, EncodingError } from '../protocol/errors.js';
import { isProxy, proxyBrand } from './proxy-brand.js';
import { isSharedValue, share, SharedValue } from './share.js';
import { SharedProxy } from './shared-proxy.js';
import { SharedType } from './shared-type.js';
import { sharedType, typeidOf } from './type-token.js';

@SharedType({ typeid: 'counter' })
class Counter {
  increment() {}
}
class Plain {
  increment() {}
}
class Derived extends Counter {}

describe('typeidOf', () => {
  it('reads a class, a token and a string', () => {
    expect(typeidOf(Counter)).toBe('counter');
    expect(typeidOf(sharedType<Plain>('plain'))).toBe('plain');
    expect(typeidOf('counter')).toBe('counter');
  });

  it('says what to do about a class that is not decorated', () => {
    expect(() => typeidOf(Plain)).toThrow(ConfigurationError);
    expect(() => typeidOf(Plain)).toThrow(
      'The class Plain is not a shared type: add `@SharedType()` to it, or use a token made with sharedType().',
    );
    expect(() => typeidOf(Derived)).toThrow('The decorator of its base, "counter", is not inherited.');
  });

  it('refuses everything else', () => {
    for (const ref of ['', 'a\0', undefined, null, 5, {}, { typeid: 5 }]) {
      expect(() => typeidOf(ref as never)).toThrow(ConfigurationError);
    }
  });
});

describe('sharedType', () => {
  it('makes a frozen token that is nothing but its typeid', () => {
    const token = sharedType<Plain>('plain');
    expect(Object.isFrozen(token)).toBe(true);
    expect(inspect(token)).toBe("{ typeid: 'plain' }");
  });

  it('refuses what cannot be a typeid', () => {
    expect(() => sharedType('')).toThrow(ConfigurationError);
  });
});

describe('share', () => {
  it('marks a value, with the typeid it is to have', () => {
    const value = new Counter();
    const marked: unknown = share(value, 'other');
    expect(isSharedValue(marked) && [marked.value, marked.typeid]).toEqual([value, 'other']);
    expect((share(value) as unknown as SharedValue).typeid).toBeUndefined();
    expect((share(value, Counter) as unknown as SharedValue).typeid).toBe('counter');
    expect((share(value, sharedType<Plain>('plain')) as unknown as SharedValue).typeid).toBe('plain');
  });

  it('is told from everything else', () => {
    for (const value of [undefined, null, 5, {}, new Counter(), () => 1]) expect(isSharedValue(value)).toBe(false);
  });

  it('takes objects only', () => {
    for (const value of [undefined, null, 5, 'x', () => 1]) expect(() => share(value as never)).toThrow(EncodingError);
  });
});

const Injectable = (): ClassDecorator => () => undefined;

describe('SharedProxy at run time', () => {
  const proxy = Object.create({ [proxyBrand]: true }) as unknown;

  it('is known by its brand', () => {
    expect(isProxy(proxy)).toBe(true);
    expect(proxy instanceof SharedProxy).toBe(true);
    for (const value of [undefined, null, 'x', {}, new Counter(), { [proxyBrand]: 1 }]) {
      expect(isProxy(value)).toBe(false);
      expect(value instanceof SharedProxy).toBe(false);
    }
  });

  it('can be named by decorator metadata', () => {
    @Injectable()
    class Visits {
      constructor(readonly visits: SharedProxy<Counter>) {}
    }
    expect(Reflect.getMetadata('design:paramtypes', Visits)).toEqual([SharedProxy]);
  });

  it('cannot be constructed', () => {
    const Constructor = SharedProxy as unknown as new () => object;
    expect(() => new Constructor()).toThrow('ask a manager for one');
  });
});
