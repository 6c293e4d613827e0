import { describe, expect, it } from '@jest/globals';
import { decodeError, encodeError } from '../protocol/wire-errors.js';
import { SharedError } from './shared-error.js';

@SharedError()
class RoomFullError extends Error {
  constructor(readonly seats: number) {
    super(`All ${seats} seats are taken.`);
  }
}

@SharedError('shop.SoldOutError')
class SoldOutError extends RoomFullError {}

describe('@SharedError', () => {
  it('lets an error arrive as its own class, with its fields', () => {
    const arrived = decodeError(encodeError(new RoomFullError(4)));
    expect(arrived).toBeInstanceOf(RoomFullError);
    expect(arrived).not.toBeInstanceOf(SoldOutError);
    expect(arrived).toMatchObject({ message: 'All 4 seats are taken.', seats: 4 });
  });

  it('takes another name than that of the class', () => {
    expect(decodeError(encodeError(new SoldOutError(1)))).toBeInstanceOf(SoldOutError);
  });

  it('needs a name', () => {
    expect(() => SharedError()(class extends Error {})).toThrow('Give it as @SharedError(name).');
  });
});
