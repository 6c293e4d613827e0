import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConfigurationError, TicketInvalidError } from './errors.js';
import { checkTicketOptions, formatTicket, parseTicket, SECRET_BYTES, type Ticket } from './ticket.js';

const positive = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  fc.constant(Number.MAX_SAFE_INTEGER),
);
const tickets: fc.Arbitrary<Ticket> = fc.record({
  server: fc.stringMatching(/^[\w-]{1,64}$/),
  generation: positive,
  typeid: fc
    .string({ minLength: 1, maxLength: 200, unit: 'binary' })
    .filter((typeid) => !/[\p{Cc}\p{Cs}]/u.test(typeid) && typeid.length <= 200),
  objectId: positive,
  number: positive,
  secret: fc.uint8Array({ minLength: SECRET_BYTES, maxLength: SECRET_BYTES }),
});
const one: Ticket = {
  server: 'default',
  generation: 1_790_000_000,
  typeid: 'VisitCounter',
  objectId: 12,
  number: 3,
  secret: Uint8Array.from({ length: SECRET_BYTES }, (_, i) => i),
};

function refusal(text: unknown): Record<string, unknown> & Error {
  try {
    parseTicket(text);
  } catch (error) {
    if (error instanceof TicketInvalidError) return error as unknown as Record<string, unknown> & Error;
    throw error;
  }
  throw new Error(`It was taken: ${String(text)}`);
}

describe('the text of a ticket', () => {
  it('says what the ticket says', () => {
    fc.assert(
      fc.property(tickets, (ticket) => {
        expect(parseTicket(formatTicket(ticket))).toEqual(ticket);
      }),
    );
  });

  it('is short, and goes through URLs, headers and shells as it is', () => {
    expect(formatTicket(one).length).toBeLessThan(80);
    fc.assert(
      fc.property(tickets, (ticket) => {
        expect(formatTicket(ticket)).toMatch(/^nmt1\.[\w-]+$/);
      }),
    );
  });

  it('may have white space around it, as what was read from a file has', () => {
    expect(parseTicket(` ${formatTicket(one)}\r\n`)).toEqual(one);
  });

  it('is damaged by any change of a character', () => {
    const text = formatTicket(one);
    for (let at = 0; at < text.length; at++) {
      for (const other of ['A', 'B', 'Y', 'Z', 'a', 'z', '0', '9', '-', '_', '.', '=', '+', '/', ' ', '\0', 'é']) {
        const changed = text.slice(0, at) + other + text.slice(at + 1);
        expect(changed === text || refusal(changed)['reason'] === 'damaged').toBe(true);
      }
    }
  });

  it('is damaged by any change of a character, whatever it says', () => {
    const characters = fc.stringMatching(/^[\w-]$/);
    fc.assert(
      fc.property(tickets, fc.nat(), characters, (ticket, position, other) => {
        const text = formatTicket(ticket);
        const at = position % text.length;
        fc.pre(text[at] !== other);
        expect(refusal(text.slice(0, at) + other + text.slice(at + 1))['reason']).toBe('damaged');
      }),
    );
  });

  it('is damaged where something of it is lost, doubled or swapped', () => {
    const text = formatTicket(one);
    for (let at = 0; at < text.length; at++) {
      refusal(text.slice(0, at));
      refusal(text.slice(0, at) + text.slice(at + 1));
      refusal(text.slice(0, at) + text[at] + text.slice(at));
      if (at > 0 && text[at] !== text[at - 1])
        refusal(text.slice(0, at - 1) + text[at] + text[at - 1] + text.slice(at + 1));
    }
    refusal(text + text);
    refusal(text.toUpperCase());
  });

  it('is nothing else, and no error repeats what was given', () => {
    const secret = 'nmt1.c2VjcmV0';
    for (const given of ['', ' ', 'nmt1.', secret, 'x'.repeat(100_000), undefined, null, 5, {}, Buffer.from('nmt1.')]) {
      const error = refusal(given);
      expect(error).toMatchObject({ reason: 'damaged', fate: 'not-executed', retryable: false });
      expect(error.message).not.toContain(secret);
      expect(error.message.length).toBeLessThan(200);
    }
  });

  it('of a later version is said to be one that is not read here', () => {
    expect(refusal(formatTicket(one).replace('nmt1', 'nmt2')).message).toContain('does not begin with "nmt1."');
  });

  it('that somebody made up, with a check that fits, is read only where it says all it should', () => {
    const good = Buffer.from(formatTicket(one).slice(5), 'base64url');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const text = `nmt1.${Buffer.from(bytes).toString('base64url')}`;
        fc.pre(!good.equals(bytes));
        expect(refusal(text)['reason']).toBe('damaged');
      }),
    );
    for (const wrong of [
      { ...one, server: '' },
      { ...one, typeid: '' },
      { ...one, generation: 0 },
      { ...one, number: 2 ** 60 },
      { ...one, secret: new Uint8Array(SECRET_BYTES - 1) },
      { ...one, secret: new Uint8Array(SECRET_BYTES + 1) },
    ]) {
      expect(refusal(formatTicket(wrong)).message).toContain('nothing that can be read');
    }
  });
});

describe('the options of a ticket', () => {
  it.each([
    [1, 1],
    [0.5, 3],
    [2 ** 31 - 1, Infinity],
    [60_000, Number.MAX_SAFE_INTEGER],
  ])('may be ttl %s and uses %s', (ttl, uses) => {
    expect(checkTicketOptions(ttl, uses)).toEqual({ ttl, uses });
  });

  it.each([
    [0, 1],
    [-1, 1],
    [2 ** 31, 1],
    [Infinity, 1],
    [NaN, 1],
    ['60', 1],
    [undefined, 1],
    [1000, 0],
    [1000, -1],
    [1000, 1.5],
    [1000, NaN],
    [1000, -Infinity],
    [1000, '1'],
    [1000, null],
  ])('may not be ttl %s and uses %s', (ttl, uses) => {
    expect(() => checkTicketOptions(ttl, uses)).toThrow(ConfigurationError);
  });
});
