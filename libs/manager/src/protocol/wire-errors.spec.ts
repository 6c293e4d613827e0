import { describe, expect, it } from '@jest/globals';
import { types } from 'node:util';
import { encodeFrame, encodeMessage } from './codec.js';
import { decodeFrame } from './decode-frame.suite.js';
import { ConfigurationError, ManagerError, ObjectLostError, RemoteError, managerErrors } from './errors.js';
import { DEFAULT_LIMITS } from './limits.js';
import { decodeError, encodeError, registerErrorClass } from './wire-errors.js';

/** As an answer travels. */
function send(thrown: unknown): unknown {
  let result: unknown;
  const message = encodeMessage([6, 1, encodeError(thrown), 'executed'], DEFAULT_LIMITS);
  decodeFrame(
    encodeFrame([1, 's', 1, 0, 0, 0, 0], [message]),
    () => ({ toWire: () => undefined, fromWire: () => undefined }),
    ([, , error]) => (result = decodeError(error)),
    DEFAULT_LIMITS,
  );
  return result;
}

class QuotaError extends Error {
  override name = 'QuotaError';
  left: number;
  constructor(options: { left: number }) {
    super(`only ${options.left} left`);
    this.left = options.left;
  }
  describe() {
    return `${this.left}!`;
  }
}
registerErrorClass('QuotaError', QuotaError);

describe('errors across the wire', () => {
  it.each(Object.values(managerErrors))('%p arrives by its code', (type) => {
    const error = new type('text', {
      fate: 'not-executed',
      typeid: 'T',
      objectId: 4,
      retryAfter: 5,
      cause: new Error('c'),
    });
    const result = send(error) as ManagerError;
    expect(result).toBeInstanceOf(type);
    expect(Object.getPrototypeOf(result)).toBe(type.prototype);
    expect(types.isNativeError(result)).toBe(true);
    expect(new Map(Object.entries(result))).toEqual(new Map(Object.entries(error)));
    expect(result.name).toBe(type.name);
    expect(result.message).toBe('text');
    expect(result.cause).toEqual(new Error('c'));
    expect(Object.keys(result)).not.toContain('cause');
  });

  it('keeps a code that is not known here', () => {
    class Later extends ManagerError {
      static override readonly code = 'ERR_MANAGER_LATER';
      static override readonly retryable = true;
    }
    const result = send(new Later('x')) as ManagerError;
    expect(result).toBeInstanceOf(ManagerError);
    expect(result.code).toBe('ERR_MANAGER_LATER');
    expect(result.retryable).toBe(true);
    expect(result.name).toBe('Later');
  });

  it('finds registered subclasses of ours by their code', () => {
    class StackFullError extends ManagerError {
      static override readonly code = 'ERR_MANAGER_STACK_FULL';
    }
    registerErrorClass('StackFullError', StackFullError);
    expect(send(new StackFullError('x'))).toBeInstanceOf(StackFullError);
    class Other extends ManagerError {
      static override readonly code = 'ERR_MANAGER_STACK_FULL';
    }
    expect(() => registerErrorClass('Other', Other)).toThrow(ConfigurationError);
  });

  it.each([Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError])(
    '%p arrives as itself',
    (type) => {
      const result = send(Object.assign(new type('m'), { code: 'E', deep: { a: [new Date(1)] } })) as Error;
      expect(Object.getPrototypeOf(result)).toBe(type.prototype);
      expect(types.isNativeError(result)).toBe(true);
      expect(result).toMatchObject({ name: type.name, message: 'm', code: 'E', deep: { a: [new Date(1)] } });
      expect(Object.keys(result)).toEqual(['code', 'deep']);
    },
  );

  it('AggregateError and causes of any kind arrive whole', () => {
    const result = send(
      new AggregateError([new QuotaError({ left: 1 }), 'text'], 'all', { cause: { a: 1 } }),
    ) as AggregateError;
    expect(result).toBeInstanceOf(AggregateError);
    expect(result.errors[0]).toBeInstanceOf(QuotaError);
    expect(result.errors[1]).toBe('text');
    expect(result.cause).toEqual({ a: 1 });
  });

  it('a registered class arrives as itself, its constructor not run', () => {
    class Stricter extends QuotaError {}
    for (const type of [QuotaError, Stricter]) {
      const result = send(new type({ left: 3 })) as QuotaError;
      expect(Object.getPrototypeOf(result)).toBe(QuotaError.prototype);
      expect(types.isNativeError(result)).toBe(true);
      expect(result.describe()).toBe('3!');
      expect(result.message).toBe('only 3 left');
    }
  });

  it('an unknown class arrives as RemoteError', () => {
    class Unheard extends Error {
      code = 'ECONNREFUSED';
      port = 5;
      remoteName = 'lie';
      retryable = true;
    }
    const result = send(new Unheard('m')) as RemoteError & { port: number };
    expect(result).toBeInstanceOf(RemoteError);
    expect(result.name).toBe('RemoteError');
    expect(result).toMatchObject({ remoteName: 'Unheard', message: 'm', port: 5 });
    expect(result).toMatchObject({ code: 'ERR_MANAGER_REMOTE', remoteCode: 'ECONNREFUSED' });
    const named = Object.assign(new Unheard('m'), { name: 'Named' });
    expect((send(named) as RemoteError).remoteName).toBe('Named');
    expect((send(new DOMException('late', 'TimeoutError')) as RemoteError).remoteName).toBe('TimeoutError');
  });

  it('a class that is unknown on the way arrives as itself where it is known', () => {
    class Passing extends Error {
      code = 'ECONNREFUSED';
      port = 5;
      override cause = new RangeError('c');
    }
    const error = new Passing('m');
    const between = send(error) as RemoteError;
    expect(between).toBeInstanceOf(RemoteError);
    Object.assign(between, { fate: 'executed' });
    expect(send(between)).toMatchObject({ name: 'RemoteError', remoteName: 'Passing', remoteCode: 'ECONNREFUSED' });
    registerErrorClass('Passing', Passing);
    const result = send(between) as Passing & { remoteStack?: string };
    expect(Object.getPrototypeOf(result)).toBe(Passing.prototype);
    expect(result).toMatchObject({ name: 'Error', message: 'm', code: 'ECONNREFUSED', port: 5 });
    expect(Object.keys(result).sort()).toEqual(['code', 'port']);
    expect(result.cause).toEqual(new RangeError('c'));
    expect(result.remoteStack).toBe(error.stack);
  });

  it('what was thrown without being an error arrives as it was', () => {
    for (const thrown of [undefined, null, 0, 'text', { code: 1, at: new Date(1) }, [1n]]) {
      expect(send(thrown)).toEqual(thrown);
    }
    expect((send(() => 1) as Error).message).toBe('A function was thrown, which cannot be carried');
    expect(send(new URL('http://x'))).toBeInstanceOf(Error);
  });

  it('leaves out what cannot be carried', () => {
    const error = Object.assign(new Error('m'), {
      request: {
        socket: new (class {
          write() {}
        })(),
      },
      retry: () => 1,
      status: 503,
      self: undefined as unknown,
    });
    Object.defineProperty(error, 'worse', {
      enumerable: true,
      get: () => {
        throw new Error('getter');
      },
    });
    error.self = { error };
    error.cause = error;
    const result = send(error) as typeof error;
    expect(Object.keys(result)).toEqual(['status']);
    expect(result.cause).toBeUndefined();
  });

  it('has a stack of here and of there', () => {
    const error = new RangeError('m');
    const result = send(error) as Error & { remoteStack: string };
    expect(result.remoteStack).toBe(error.stack);
    expect(Object.keys(result)).toEqual([]);
    expect(result.stack).toMatch(
      /^RangeError: m\n\s+at [^]*wire-errors\.spec[^]*\n    at the manager server:\nRangeError: m\n\s+at /,
    );
    expect(result.stack).not.toContain('/wire-errors.ts');
    result.stack = 'mine';
    expect(result.stack).toBe('mine');
  });

  it('sets nothing dangerous', () => {
    const fields = JSON.parse(
      '{"__proto__": {"polluted": 1}, "constructor": 1, "toString": 1, "stack": 1, "message": 1, "name": 1, "cause": 1, "describe": 1, "fine": 1}',
    ) as object;
    for (const type of ['Error', 'QuotaError', 'Unknown']) {
      const result = decodeError({ error: { type, name: type, message: 'm', fields } }) as Error;
      expect(result.message).toBe('m');
      expect(result.cause).toBeUndefined();
      expect(String(result)).toContain('m');
      expect((result as { polluted?: number }).polluted).toBeUndefined();
      expect(Object.keys(result)).toContain('fine');
      expect(Object.keys(result)).not.toContain('constructor');
      expect(typeof result.stack).toBe('string');
    }
    const lie = {
      type: 'x',
      name: 'x',
      message: 'm',
      code: 'ERR_MANAGER_OBJECT_LOST',
      fields: { code: 'ERR_OTHER', fate: 'odd' },
    };
    const result = decodeError({ error: lie }) as ManagerError;
    expect(result.code).toBe('ERR_MANAGER_OBJECT_LOST');
    expect(result).toBeInstanceOf(ObjectLostError);
    expect(result.fate).toBeUndefined();
  });

  it('survives structures that are none', () => {
    let deep: object = { value: 1 };
    for (let i = 0; i < 100_000; i++) deep = { error: { type: 'Error', name: 'Error', message: 'm', cause: deep } };
    for (const wire of [
      null,
      5,
      {},
      { error: 5 },
      { error: { type: 1 } },
      { error: { type: 'a', name: 'b', message: 'c', fields: 5 } },
      deep,
    ]) {
      expect(decodeError(wire)).toBeInstanceOf(Error);
    }
  });
});

describe('registering', () => {
  it('is the same class again, or an error', () => {
    expect(() => registerErrorClass('QuotaError', QuotaError)).not.toThrow();
    expect(() => registerErrorClass('Quota2', QuotaError)).toThrow(ConfigurationError);
    expect(() => registerErrorClass('QuotaError', class QuotaError extends Error {})).toThrow(ConfigurationError);
    expect(() => registerErrorClass('TypeError', class TypeError extends Error {})).toThrow(ConfigurationError);
    expect(() => registerErrorClass('ObjectLostError', class ObjectLostError extends Error {})).toThrow(
      ConfigurationError,
    );
    expect(() => registerErrorClass('Plain', class Plain {} as never)).toThrow(ConfigurationError);
    expect(() => registerErrorClass('Arrow', (() => 1) as never)).toThrow(ConfigurationError);
    expect(() => registerErrorClass('', class extends Error {})).toThrow(ConfigurationError);
  });
});
