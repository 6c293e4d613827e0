import { createHash } from 'node:crypto';
import { ConfigurationError } from '../../protocol/errors.js';
import type { ClaimKey, Lane } from '../transport.js';

const LONGEST_TAG = 160;

/**
 * Every key is `namespace:{tag}:what`. The braces make a cluster keep what has one tag on one node, so a tag made of a
 * user's words must not bring braces of its own, nor may the namespace.
 */
export class RedisKeys {
  readonly #namespace: string;
  readonly generation: string;
  readonly directory: string;

  constructor(namespace: string) {
    if (!/^[\w.:/@~+-]{1,64}$/.test(namespace)) {
      throw new ConfigurationError(
        `The namespace ${JSON.stringify(namespace)} cannot be part of a Redis key: use 1 to 64 letters, digits or any of _ . : / @ ~ + -`,
      );
    }
    this.#namespace = namespace;
    this.generation = this.#key('generation', 'counter');
    this.directory = this.#key('servers', 'directory');
  }

  inbox(owner: string, lane: Lane): string {
    return this.#key(encodeTag(owner), lane);
  }

  claim(key: ClaimKey): string {
    return this.#key(encodeTag(key.tag), key.kind);
  }

  #key(tag: string, what: string): string {
    return `${this.#namespace}:{${tag}}:${what}`;
  }
}

/** Percent-encodes what could be misread in a key. A long tag keeps its beginning for the eye and a digest to be unique. */
export function encodeTag(tag: string): string {
  if (tag.length > 0 && tag.length <= LONGEST_TAG && /^[\w.~:/@-]+$/.test(tag)) return tag;
  // An empty tag would make a cluster hash the whole key: `%` alone is nothing that encoding makes. Neither is `%~`.
  if (tag.length === 0) return '%';
  const encoded = Array.from(tag, encodeCharacter).join('');
  if (encoded.length <= LONGEST_TAG) return encoded;
  const digest = createHash('sha256').update(tag, 'utf16le').digest('base64url');
  return `${encoded.slice(0, LONGEST_TAG - 48)}%~${digest}`;
}

function encodeCharacter(character: string): string {
  if (/^[\w.~:/@-]$/.test(character)) return character;
  // Half of a surrogate pair has no UTF-8: encoded by its number, so that two such tags stay two.
  if (/^[\ud800-\udfff]$/.test(character)) return `%u${character.charCodeAt(0).toString(16)}`;
  return Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
