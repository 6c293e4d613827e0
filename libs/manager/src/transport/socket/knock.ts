import { randomBytes } from 'node:crypto';
import { AuthenticationError, ConfigurationError, ProtocolError } from '../../protocol/errors.js';
import type { Lane } from '../transport.js';
import { Kind, LANES, LONGEST, MAGIC, NONCE_BYTES, PROOF_BYTES, Refusal, VERSION } from './messages.js';
import { keyOf, proofOf } from './proof.js';
import type { Wire, WireHandler } from './wire.js';

/** What a hub said when it let somebody in. */
export interface Admission {
  /** The hub's clock. */
  readonly now: number;
  /** By which it is told from the next one at its address. */
  readonly hub: string;
}

export interface KnockOptions {
  /** For messages. */
  readonly address: string;
  readonly client: Buffer;
  readonly lane: Lane;
  readonly keys: readonly Uint8Array[] | undefined;
}

const HUB_BYTES = 16;

/** The greeting of `greeting.ts`, at the client. Rejects with what no later attempt would mend where that is known. */
export function knock(wire: Wire, { address, client, lane, keys }: KnockOptions): Promise<Admission> {
  return new Promise((resolve, reject) => {
    const head = [VERSION, LANES.indexOf(lane), keys ? 1 : 0];
    const hello = Buffer.concat([MAGIC, Buffer.from(head), client, randomBytes(NONCE_BYTES)]);
    let challenge: Buffer | undefined;
    wire.begin(Kind.hello, 0, hello);
    wire.handler = {
      message(kind, bytes, start, end) {
        const said = Buffer.from(bytes.subarray(start, end));
        if (kind === Kind.challenge && keys?.[0] && !challenge && said.length === NONCE_BYTES) {
          challenge = said;
          wire.begin(Kind.proof, 0, proofOf(keys[0], 'client', hello, challenge));
        } else if (kind === Kind.welcome && said.length === HUB_BYTES + 8 + PROOF_BYTES) {
          if (keys && !(challenge && keyOf(keys, said.subarray(HUB_BYTES + 8), 'hub', hello, challenge))) {
            return reject(unproven(address));
          }
          wire.longest = LONGEST;
          wire.handler = SILENT;
          resolve({ now: said.readDoubleLE(HUB_BYTES), hub: said.toString('hex', 0, HUB_BYTES) });
        } else if (kind === Kind.refused && said.length > 0) {
          reject(refusal(address, said[0] as number, said.toString('utf8', 1)));
        } else reject(strange(address));
      },
    };
  });
}

/** Until whoever knocked goes on, which is in the same turn. */
const SILENT: WireHandler = {
  message: () => {
    throw new ProtocolError('A hub said something before it was asked.');
  },
};

/** What listens there is something else. */
export function strange(address: string): ConfigurationError {
  return new ConfigurationError(`What listens at ${address} is no manager server: check the address.`);
}

function unproven(address: string): AuthenticationError {
  return new AuthenticationError(
    `What listens at ${address} did not prove that it has the authkey of this process: give both the same \`authkey\`.`,
    { fate: 'not-executed' },
  );
}

function refusal(address: string, reason: number, text: string): Error {
  switch (reason) {
    case Refusal.version:
      return new ConfigurationError(`The manager server at ${address} cannot be used by this one: ${text}`);
    case Refusal.proof:
      return new AuthenticationError(
        `The manager server at ${address} let this process not in: it asks for an authkey that this one does not have. Give both the same \`authkey\`.`,
        { fate: 'not-executed' },
      );
    case Refusal.keyless:
      return new AuthenticationError(
        `The manager server at ${address} has no authkey, and this process has one: give both the same \`authkey\`, or none.`,
        { fate: 'not-executed' },
      );
    default:
      return new ProtocolError(text);
  }
}
