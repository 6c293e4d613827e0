// The frames that the fuzzer starts from. After a change of the protocol: FUZZ_RECORD=1 npx jest … test/fuzz/corpus.
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { FrameKind, MessageKind, ServerVerb } from '../../libs/manager/src/protocol/index.js';
import { corpus, type Kept } from './corpus.js';
import { nameOf, record } from './record.js';

const KEY = 'the key of the frames on record.';

if (process.env['FUZZ_RECORD']) {
  const files = { 'recorded.txt': undefined, 'recorded-sealed.txt': KEY };
  it.each(Object.entries(files))('records %s', async (file, authkey) => {
    const lines = (await record(authkey)).map(({ to, name, bytes }: Kept) => `${to} ${name}: ${bytes.toString('hex')}`);
    const head = `# Frames of a real session${authkey ? `, under the authkey "${authkey}"` : ''}: to whom, what, bytes.`;
    writeFileSync(new URL(`corpus/${file}`, import.meta.url), `${[head, ...lines.toSorted()].join('\n')}\n`);
  });
} else {
  describe('the corpus of the fuzzer', () => {
    const kept = corpus();
    const recorded = kept.filter(({ name }) => Object.keys(FrameKind).includes(name.split(' ')[0] as string));

    it('has frames that are what is said of them: the protocol has not left them behind', () => {
      for (const { name, bytes } of recorded) expect(nameOf(bytes)).toBe(name);
    });

    it.each([false, true])('has every kind of frame, message and verb; with a MAC: %s', (sealed) => {
      const words = new Set(
        recorded.filter(({ bytes }) => (bytes[0] === 0) !== sealed).flatMap(({ name }) => name.split(' ')),
      );
      expect([...words]).toEqual(expect.arrayContaining(Object.keys(FrameKind)));
      const messages = Object.keys(MessageKind).filter((kind) => kind !== 'call' && kind !== 'unwanted');
      expect([...words]).toEqual(expect.arrayContaining(messages));
      const verbs = Object.keys(ServerVerb).filter((verb) => verb !== 'attach' && verb !== 'ping');
      expect([...words]).toEqual(expect.arrayContaining(verbs.map((verb) => `call-${verb}`)));
    });
  });
}
