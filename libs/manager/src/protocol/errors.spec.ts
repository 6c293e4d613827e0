import { describe, expect, it, jest } from '@jest/globals';
import { CallTimeoutError, ManagerError, ObjectLostError, managerErrors } from './errors.js';

describe('errors of the manager', () => {
  it.each(Object.entries(managerErrors))('%s', (name, type) => {
    const error = new type('text', { fate: 'unknown', typeid: 'T', cause: 5 });
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(ManagerError);
    expect(error).toBeInstanceOf(type);
    expect(error.name).toBe(name);
    expect(String(error)).toBe(`${name}: text`);
    expect(error.stack).toContain('errors.spec');
    expect(error.cause).toBe(5);
    expect(Object.fromEntries(Object.entries(error))).toEqual({
      code: type.code,
      retryable: type.retryable,
      fate: 'unknown',
      typeid: 'T',
    });
    expect(type.code).toMatch(/^ERR_MANAGER_[A-Z_]+$/);
    for (const other of Object.values(managerErrors)) expect(error instanceof other).toBe(other === type);
  });

  it('have a code each, and are listed by name', () => {
    const types = Object.values(managerErrors);
    expect(new Set(types.map((type) => type.code)).size).toBe(types.length);
    expect(Object.keys(managerErrors)).toEqual(Object.keys(managerErrors).toSorted());
  });

  it('are nothing else', () => {
    for (const value of [null, undefined, 5, {}, new Error('x'), { code: 'ERR_MANAGER_OBJECT_LOST' }]) {
      expect(value instanceof (ManagerError as unknown as typeof Error)).toBe(false);
      expect(value instanceof (ObjectLostError as unknown as typeof Error)).toBe(false);
    }
    expect('cause' in new ManagerError('x')).toBe(false);
    expect(Object.keys(new ManagerError('x'))).toEqual(['code', 'retryable']);
  });

  it('are recognised across two copies of the package', async () => {
    jest.resetModules();
    const copy = (await import('./errors.js')) as typeof import('./errors.js');
    expect(copy.CallTimeoutError).not.toBe(CallTimeoutError);
    const error = new copy.CallTimeoutError('x');
    expect(error).toBeInstanceOf(CallTimeoutError);
    expect(error).toBeInstanceOf(ManagerError);
    expect(error).not.toBeInstanceOf(ObjectLostError);
  });

  it('may be extended', () => {
    class Quiet extends CallTimeoutError {}
    class Coded extends CallTimeoutError {
      static override readonly code = 'ERR_MINE' as never;
    }
    class Own extends ManagerError {}
    const [quiet, coded, own] = [new Quiet('q'), new Coded('c'), new Own('o')];
    expect(quiet).toBeInstanceOf(Quiet);
    expect(quiet).toBeInstanceOf(CallTimeoutError);
    expect(quiet.name).toBe('Quiet');
    expect(new CallTimeoutError('x')).not.toBeInstanceOf(Quiet);
    expect(coded).toBeInstanceOf(CallTimeoutError);
    expect(coded.code).toBe('ERR_MINE');
    expect(new CallTimeoutError('x')).not.toBeInstanceOf(Coded);
    expect(own).toBeInstanceOf(Own);
    expect(new ManagerError('x')).not.toBeInstanceOf(Own);
  });
});
