import { describe, expect, it } from '@jest/globals';
import { StateError } from '../../protocol/index.js';
import { createTestManager } from '../../testing/index.js';
import { dictBehaviour, dictSuiteTypes } from './dict.suite.js';
import { Dict } from './referent.js';

describe('in memory', () => {
  dictBehaviour(async () => {
    const test = await createTestManager({ types: dictSuiteTypes });
    return { manager: test.manager, other: test.connect({ application: 'other' }), close: () => test.close() };
  });
});

describe('the entries in the server, one after the other', () => {
  const begun = (): { dict: Dict<number, string>; entries: Generator<[number, string]> } => {
    const dict = new Dict<number, string>([
      [1, 'a'],
      [2, 'b'],
    ]);
    const entries = dict.iterate();
    expect(entries.next().value).toEqual([1, 'a']);
    return { dict, entries };
  };

  it('are as they are when their turn comes', () => {
    const { dict, entries } = begun();
    dict.set(2, 'new');
    expect([...entries]).toEqual([[2, 'new']]);
  });

  it('fail when a key was added, or taken out, the last one too', () => {
    for (const change of [
      (dict: Dict<number, string>) => dict.set(3, 'c'),
      (dict: Dict<number>) => void dict.delete(1),
    ]) {
      const { dict, entries } = begun();
      change(dict);
      expect(() => entries.next()).toThrow(StateError);
    }
    const { dict, entries } = begun();
    entries.next();
    dict.delete(2);
    expect(() => entries.next()).toThrow(StateError);
  });

  it('do not go on for ever where keys are taken out and put in again', () => {
    const { dict, entries } = begun();
    const again = (): void => {
      for (const [key] of entries) {
        dict.delete(key);
        dict.set(key, 'again');
      }
    };
    expect(again).toThrow(StateError);
  });
});
