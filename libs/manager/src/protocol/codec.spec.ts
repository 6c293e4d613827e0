import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Packr } from 'msgpackr/pack';
import { createHmac } from 'node:crypto';
import { encodeFrame, encodeMessage } from './codec.js';
import { decodeFrame } from './decode-frame.suite.js';
import { PayloadTooLargeError, ProtocolError } from './errors.js';
import { DEFAULT_LIMITS } from './limits.js';
import type { FrameHeader } from './messages.js';
import { WireReference, type ReferenceScope } from './reference.js';
import { prepareValue } from './values.js';
import { encodeError } from './wire-errors.js';

const limits = DEFAULT_LIMITS;
const data: FrameHeader = [1, 's', 1, 0, 8, 9, 0];
const plain: ReferenceScope = { toWire: () => undefined, fromWire: (reference) => reference };

function decode(frame: Uint8Array, scope: ReferenceScope = plain, bounds = limits) {
  const messages: unknown[][] = [];
  let header: unknown;
  decodeFrame(
    frame,
    (found) => ((header = found), scope),
    (message) => messages.push(message),
    bounds,
  );
  return { header, messages };
}

/** One value as it stands in a message, without the message around it. */
function hex(value: unknown, scope: ReferenceScope = plain): string {
  const bytes = encodeMessage([prepareValue(value, scope, limits)], limits);
  expect(bytes[0]).toBe(0x91);
  return Buffer.from(bytes.subarray(1)).toString('hex');
}

function frameOf(...messages: string[]): Uint8Array {
  return encodeFrame(
    data,
    messages.map((message) => Buffer.from(message.replaceAll(' ', ''), 'hex')),
  );
}

function read(text: string, scope?: ReferenceScope): unknown {
  return decode(frameOf(`92 05 ${text}`), scope).messages[0]![1];
}

describe('golden bytes of values', () => {
  const twice = { a: 1 };
  const cycle: unknown[] = [];
  cycle[0] = cycle;
  cycle[2] = 2;
  const error = new TypeError('m');
  delete error.stack;

  it.each<[string, unknown, string]>([
    ['null', null, 'c0'],
    ['booleans', [true, false], '92 c3 c2'],
    [
      'integers',
      [0, 127, 128, 256, 65536, -1, -33, -129, -32769],
      '99 00 7f cc80 cd0100 ce00010000 ff d0df d1ff7f d2ffff7fff',
    ],
    ['floats', [0.5, 2 ** 32, NaN], '93 cb3fe0000000000000 cb41f0000000000000 cb7ff8000000000000'],
    ['int64 is a bigint', [1n, 2n ** 64n - 1n], '92 d30000000000000001 cfffffffffffffffff'],
    ['string', 'é', 'a2c3a9'],
    ['Buffer', Buffer.from([1, 2]), 'c4020102'],
    ['object', { a: [] }, '81 a161 90'],
    ['own __proto__', JSON.parse('{"__proto__":1}'), '81 a95f5f70726f746f5f5f 01'],
    ['undefined', undefined, 'd40000'],
    ['reference', new WireReference('T', 7, 2), 'd40100 93 a154 07 02'],
    ['graph', [twice, twice], 'd40200 92 93 00 d60f00000001 d60f00000001 93 01 a161 01'],
    ['graph, cyclic with a hole', cycle, 'd40200 91 94 00 d60f00000000 d40700 02'],
    ['Map', new Map([['k', 1]]), 'd40300 92 a16b 01'],
    ['Set', new Set([1, 2]), 'd40400 92 01 02'],
    ['error', error, 'd40500 83 a474797065 a9547970654572726f72 a46e616d65 a9547970654572726f72 a76d657373616765 a16d'],
    ['-0', -0, 'd40600'],
    ['hole', [, 1], '92 d40700 01'],
    ['Date', new Date(1000), 'd708408f400000000000'],
    ['invalid Date', new Date(NaN), 'd7087ff8000000000000'],
    ['bigint', 2n ** 64n, 'c70909010000000000000000'],
    ['negative bigint', -(2n ** 63n) - 1n, 'c70909ff7fffffffffffffff'],
    ['RegExp', /a/g, 'd40a00 92 a161 a167'],
    ['Int8Array', Int8Array.of(-1), 'd50b00ff'],
    ['empty Uint8Array', new Uint8Array(0), 'd40b01'],
    ['empty Int8Array', new Int8Array(0), 'd40b00'],
    ['Uint16Array', Uint16Array.of(1), 'c7030b040100'],
    ['ArrayBuffer', new Uint8Array([5]).buffer, 'd50b0b05'],
    ['DataView', new DataView(new ArrayBuffer(1)), 'd50b0c00'],
    ['boxed', Object(1), 'd40c00 01'],
    ['lone surrogate', '\ud800', 'd50d00d8'],
    ['lone surrogate in a key', { '\ud800': 1 }, 'd40e00 92 d50d00d8 01'],
  ])('%s', (_, value, expected) => {
    expect(hex(value)).toBe(expected.replaceAll(' ', ''));
    const back = read(expected);
    if (back instanceof Error) delete back.stack;
    expect(hex(back)).toBe(hex(value));
    expect(Array.isArray(back) && back[0] === back).toBe(value === cycle);
    expect(Object.prototype.toString.call(back)).toBe(Object.prototype.toString.call(value));
  });

  it('reads what msgpackr writes for ordinary values, whatever they are', () => {
    const packr = new Packr({ useRecords: false, variableMapSize: true });
    const ordinary = fc.anything({
      maxDepth: 4,
      withBigInt: false,
      withNullPrototype: false,
      // That one msgpackr renames when it reads; here it is a key like any other.
      key: fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__'),
    });
    fc.assert(
      fc.property(ordinary, (value) => {
        expect(read(packr.pack(value).toString('hex'))).toEqual(packr.unpack(packr.pack(value)));
      }),
      { examples: [['x'.repeat(70_000)], [Array(70_000).fill(1)], ['ü'.repeat(200)]] },
    );
  });
});

describe('golden bytes of messages', () => {
  const structure = encodeError('text');
  it.each<[string, readonly unknown[], string]>([
    ['call', [1, 17, 5, 'add', [1], 30000, ''], '97 01 11 05 a3616464 91 01 cd7530 a0'],
    ['release', [2, 5, 3], '93 02 05 03'],
    ['cancel', [3, 17], '92 03 11'],
    ['unwanted', [4, 17], '92 04 11'],
    ['result', [5, 17, 42], '93 05 11 2a'],
    ['error', [6, 17, structure, 'executed'], '94 06 11 81 a576616c7565 a474657874 a86578656375746564'],
    ['bye', [7, 'closed'], '92 07 a6636c6f736564'],
  ])('%s', (_, message, expected) => {
    expect(Buffer.from(encodeMessage(message, limits)).toString('hex')).toBe(expected.replaceAll(' ', ''));
    expect(decode(frameOf(expected)).messages).toEqual([message]);
  });

  it('bounds a message at both ends, and keeps large ones apart from small ones', () => {
    const message = [5, 1, 'x'.repeat(100)];
    expect(() => encodeMessage(message, { messageBytes: 50 })).toThrow(PayloadTooLargeError);
    const frame = encodeFrame(data, [encodeMessage(message, limits)]);
    expect(() => decode(frame, plain, { ...limits, messageBytes: 50 })).toThrow(ProtocolError);
    const large = encodeMessage([5, 1, 'x'.repeat(1_000_000)], limits);
    const small = encodeMessage([5, 1, 1], limits);
    expect(small.buffer).not.toBe(large.buffer);
    expect(small.buffer.byteLength).toBeLessThan(100_000);
  });

  it('gives bytes that later messages leave alone', () => {
    const made = Array.from({ length: 10_000 }, (_, i) => encodeMessage([5, i, 'x'.repeat(i % 40)], limits));
    expect(decode(encodeFrame(data, made)).messages).toEqual(made.map((_, i) => [5, i, 'x'.repeat(i % 40)]));
  });
});

describe('frames', () => {
  const hello = {
    version: 1,
    inbox: 'i',
    generation: 2,
    application: 'a',
    host: 'h',
    pid: 3,
    allowance: { calls: 1, bytes: 2 },
    messageBytes: 1000,
  };
  const welcome = {
    version: 1,
    generation: 2,
    lease: 3,
    allowance: { calls: 1, bytes: 2 },
    messageBytes: 4,
    types: [],
  };
  const headers: FrameHeader[] = [
    data,
    [2, 's', 1, 0, 8, 9],
    [3, 's', 4, 1],
    [4, 's', hello],
    [5, 's', { ...welcome, types: [{ typeid: 'T', methods: ['a'], waits: [] }] }],
    [6, 's', 'expired', 'text', 2, Buffer.from('mac')],
    [7, 's', 1, 0, 8, 9, 1, 0],
  ];

  it('has golden bytes', () => {
    const frame = encodeFrame(data, [Buffer.from('9303112a', 'hex'), Buffer.from('920311', 'hex')]);
    expect(Buffer.from(frame).toString('hex')).toBe('009701a17301000809009303112a920311');
    const sealed = encodeFrame([3, 's', 4, 1], [], (body) => Buffer.from([body.length, 9]));
    expect(Buffer.from(sealed).toString('hex')).toBe('0206099403a1730401');
  });

  it.each(headers)('kind %#', (...header) => {
    expect(decode(encodeFrame(header as unknown as FrameHeader, [])).header).toEqual(header);
    const broken = header.map((_, i) => (header as readonly unknown[]).with(i, i === 1 ? 5 : i === 0 ? 99 : null));
    for (const bad of [...broken, header.slice(0, -1)]) {
      expect(() => decode(encodeFrame(bad as unknown as FrameHeader, []))).toThrow(ProtocolError);
    }
  });

  it('says what a MAC covers, and reads nothing more where it is refused', () => {
    const mac = (body: Uint8Array): Uint8Array => createHmac('sha256', 'key').update(body).digest();
    const frame = encodeFrame(data, [encodeMessage([5, 1, 2], limits)], mac);
    let checked = false;
    decodeFrame(
      frame,
      (_, seal) => {
        checked = Buffer.from(mac(seal!.body)).equals(seal!.mac);
        return null;
      },
      () => expect(true).toBe(false),
      limits,
    );
    expect(checked).toBe(true);
    expect(decode(frame).messages).toEqual([[5, 1, 2]]);
    expect(decode(new Uint8Array(frame)).messages).toEqual([[5, 1, 2]]);
  });

  it('may be decoded and encoded from within', () => {
    const inner = encodeFrame(data, [encodeMessage([5, 9, ['inner']], limits)]);
    const outer = encodeFrame(
      data,
      [1, 2, 3].map((call) =>
        encodeMessage([5, call, prepareValue(new WireReference('T', call, 1), undefined, limits)], limits),
      ),
    );
    const seen: unknown[] = [];
    const scope: ReferenceScope = {
      toWire: () => undefined,
      fromWire: ({ id }) => [id, decode(inner).messages],
    };
    decodeFrame(
      outer,
      () => scope,
      (message) => {
        seen.push(message);
        decode(inner);
        encodeMessage([5, 1, message], limits);
      },
      limits,
    );
    expect(seen).toEqual([1, 2, 3].map((call) => [5, call, [call, [[5, 9, ['inner']]]]]));
  });

  it('resolves each grant once in a message, and hands over the message whose reference fails', () => {
    const asked: unknown[] = [];
    const fault = new Error('gone');
    const scope: ReferenceScope = {
      toWire: () => undefined,
      fromWire({ id, grant }) {
        asked.push([id, grant]);
        if (id === 2) throw fault;
        return { id };
      },
    };
    const message = (call: number, ...ids: [number, number][]): Uint8Array =>
      encodeMessage(
        [
          5,
          call,
          prepareValue(
            ids.map(([id, grant]) => new WireReference('T', id, grant)),
            undefined,
            limits,
          ),
        ],
        limits,
      );
    const seen: unknown[] = [];
    decodeFrame(
      encodeFrame(data, [message(1, [1, 1], [1, 1], [1, 2]), message(2, [2, 1], [1, 1]), message(3, [1, 1])]),
      () => scope,
      ([, call, value], _, failure) => seen.push([call, value, failure?.error]),
      limits,
    );
    expect(asked).toEqual([
      [1, 1],
      [1, 2],
      [2, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(seen).toEqual([
      [1, [{ id: 1 }, { id: 1 }, { id: 1 }], undefined],
      [2, [undefined, { id: 1 }], fault],
      [3, [{ id: 1 }], undefined],
    ]);
    const [first, second] = (seen[0] as [number, object[]])[1];
    expect(first).toBe(second);
  });

  it('lets what `each` throws through', () => {
    const fault = new Error('mine');
    const run = () =>
      decodeFrame(
        encodeFrame(data, [encodeMessage([5, 1, 1], limits)]),
        () => plain,
        () => {
          throw fault;
        },
        limits,
      );
    expect(run).toThrow(fault);
  });
});

describe('hostile bytes', () => {
  it.each([
    ['an empty frame', ''],
    ['a MAC longer than the frame', 'ff00'],
    ['no body', '00'],
    ['no header', '00 05'],
    ['a reference in the header', '00 93 03 d40100 93 a154 07 02 04'],
  ])('%s', (_, bytes) => {
    expect(() => decode(Buffer.from(bytes.replaceAll(' ', ''), 'hex'))).toThrow(ProtocolError);
  });

  it.each([
    ['a message that is no array', '05'],
    ['a message without a kind', '90'],
    ['never used', '92 05 c1'],
    ['truncated array', '92 05 92 01'],
    ['huge array', '92 05 ddffffffff'],
    ['huge arrays, nested', '92 05 ' + 'dd00ffffff'.repeat(50)],
    ['huge map', '92 05 dfffffffff'],
    ['huge string', '92 05 dbffffffff'],
    ['huge binary', '92 05 c6ffffffff'],
    ['huge extension', '92 05 c9ffffffff0b'],
    ['key that is no string', '92 05 81 01 01'],
    ['record definition of msgpackr', '92 05 d47240 91 a161 01'],
    ['two-byte record definition', '92 05 d5724000 91 a161 01'],
    ['bundled strings', '92 05 d66200000005'],
    ['pointer', '92 05 d67000000001'],
    ['id', '92 05 d66900000001 90'],
    ['unknown extension', '92 05 d43000 01'],
    ['hole outside an array', '92 05 d40c00 d40700'],
    ['hole in a map', '92 05 81 a161 d40700'],
    ['node outside a graph', '92 05 d60f00000000'],
    ['empty graph', '92 05 d40200 90'],
    ['graph without a table', '92 05 d40200 c0'],
    ['graph with an index out of range', '92 05 d40200 91 92 00 d60f00000001'],
    ['graph with an unknown node', '92 05 d40200 91 92 07 01'],
    ['graph with half an entry', '92 05 d40200 91 92 02 01'],
    ['graph with a key that is no string', '92 05 d40200 91 93 01 01 01'],
    ['leaf that is an index', '92 05 d40200 91 92 04 d60f00000000'],
    ['odd Map', '92 05 d40300 91 01'],
    ['Map of no array', '92 05 d40300 01'],
    ['RegExp that is none', '92 05 d40a00 92 a128 a0'],
    ['boxed array', '92 05 d40c00 90'],
    ['view of an unknown class', '92 05 d50b6300'],
    ['view of half an element', '92 05 d50b0400'],
    ['view without a class', '92 05 c7000b'],
    ['odd UTF-16', '92 05 d40d01'],
    ['short date', '92 05 d60800000000'],
    ['large bigint', '92 05 c8100109' + '01'.repeat(4097)],
    ['malformed error', '92 05 d40500 80'],
    ['malformed reference', '92 05 d40100 93 01 02 03'],
    ['too deep', '92 05 ' + '91'.repeat(300) + '01'],
    ['too deep in graphs', '92 05 ' + 'd402009192049101'.slice(0, 12).repeat(300)],
    ['far too deep', '92 05 ' + '91'.repeat(1_000_000) + '01'],
  ])('%s', (_, bytes) => {
    expect(() => decode(frameOf(bytes))).toThrow(ProtocolError);
  });

  it('says so where the stack runs out, whatever limit was set', () => {
    for (const layer of ['91', '81a161', 'd4030092c0', 'd40c00']) {
      const frame = frameOf('92 05 ' + layer.repeat(500_000) + '01');
      expect(() => decode(frame, plain, { ...limits, depth: 1e9 })).toThrow(ProtocolError);
    }
  });

  it('delivers the messages before the one that is broken', () => {
    const seen: unknown[] = [];
    const frame = frameOf('93 05 01 02', '93 05 02');
    const run = () =>
      decodeFrame(
        frame,
        () => plain,
        (message) => seen.push(message),
        limits,
      );
    expect(run).toThrow(ProtocolError);
    expect(seen).toEqual([[5, 1, 2]]);
  });

  it('says how many bytes each message has', () => {
    const sizes: number[] = [];
    const frame = frameOf('93 05 01 02', '92 03 11');
    decodeFrame(
      frame,
      () => plain,
      (_, size) => sizes.push(size),
      limits,
    );
    expect(sizes).toEqual([4, 3]);
  });

  const shared = { d: new Date(5), r: /x/g };
  const rich = prepareValue(
    [
      [shared, shared, new Map([[-0, new Set([1n << 70n])]]), Buffer.from('abc'), new Error('e', { cause: 1 })],
      { __proto__: null, a: Uint16Array.of(1, 2), b: Object('x'), c: [, 1], '\ud800': '\udc00' },
      'text'.repeat(30),
      new WireReference('T', 1, 1),
    ],
    undefined,
    limits,
  );
  const flat = prepareValue(
    [new Map([[-0, new Set([1n << 70n])]]), [, 1], Uint16Array.of(1), /x/, '\ud800', new Date()],
    undefined,
    limits,
  );
  const samples = [rich, flat].map((value) =>
    Buffer.from(
      encodeFrame(data, [encodeMessage([5, 1, value], limits), encodeMessage([1, 2, 3, 'm', [], 0, ''], limits)]),
    ),
  );

  function survives(frame: Uint8Array): void {
    try {
      decode(frame);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  }

  it('truncated anywhere, gives a ProtocolError or whole messages', () => {
    for (const sample of samples) for (let i = 0; i < sample.length; i++) survives(sample.subarray(0, i));
  });

  it('mutated, gives a ProtocolError or a frame', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...samples), edits, (sample, changes) => {
        const frame = Buffer.from(sample);
        for (const [at, byte] of changes) frame[at % frame.length] = byte;
        survives(frame);
      }),
      { numRuns: 5_000 },
    );
  });

  it('random, gives a ProtocolError or a frame', () => {
    const head = frameOf();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, asBody) => {
        survives(asBody ? Buffer.concat([head, Buffer.from([0x92, 0x05]), bytes]) : bytes);
      }),
      { numRuns: 5_000 },
    );
  });
});
