/** Version of this protocol; `hello` carries it, and a server refuses what it does not speak. */
export const PROTOCOL_VERSION = 1;

/** Kinds of frame. Only `data` frames carry messages and a sequence number. */
export const FrameKind = {
  data: 1,
  ack: 2,
  gap: 3,
  hello: 4,
  welcome: 5,
  ended: 6,
  beat: 7,
} as const;

/** What a peer may have under way: running totals since the session began, so that a lost or repeated grant does no harm. */
export interface Allowance {
  calls: number;
  bytes: number;
}

/**
 * - `data`: seq of this frame, ack (last seq taken from the peer), allowance for the peer, age in ms since the messages were first sent.
 * - `ack`: `seq` is the last one sent: the ack counts once everything up to it was taken.
 * - `gap`: `next` is the first one missing; `gap` counts those of this sender, so that one that is repeated says nothing.
 * - `beat`: as `ack`, with its own number and the number of the last beat taken from the peer.
 * - `ended`: `generation` of the server that says so; `answers` has the MAC of the frame that it answers, where the session is not known.
 */
export type FrameHeader =
  | readonly [kind: 1, session: string, seq: number, ack: number, calls: number, bytes: number, age: number]
  | readonly [kind: 2, session: string, seq: number, ack: number, calls: number, bytes: number]
  | readonly [kind: 3, session: string, next: number, gap: number]
  | readonly [kind: 4, session: string, hello: Hello]
  | readonly [kind: 5, session: string, welcome: Welcome]
  | readonly [kind: 6, session: string, reason: EndReason, text: string, generation: number, answers: Uint8Array]
  | readonly [
      kind: 7,
      session: string,
      seq: number,
      ack: number,
      calls: number,
      bytes: number,
      beat: number,
      echo: number,
    ];

/** Opens a session at a server. Repeated until it is answered; the session's id makes it idempotent. */
export interface Hello {
  version: number;
  /** Owner of the inbox that answers go to. */
  inbox: string;
  /** Generation of the server that is meant: another one does not answer. */
  generation: number;
  application: string;
  host: string;
  pid: number;
  /** What the server may have under way towards this client. */
  allowance: Allowance;
  /** The most bytes of one answer. */
  messageBytes: number;
  /** Chosen for this session, where there is an authkey. */
  nonce?: string;
  /** Ms of the medium's clock at which this frame was made, where there is an authkey: an old one opens nothing. */
  at?: number;
}

export interface Welcome {
  version: number;
  generation: number;
  /** Milliseconds. */
  lease: number;
  allowance: Allowance;
  messageBytes: number;
  /** Every type the server has: its typeid, the exposed methods, and those that may wait for ever. */
  types: readonly TypeSummary[];
  /** The server's choice for this session, where there is an authkey. */
  nonce?: string;
}

export interface TypeSummary {
  typeid: string;
  methods: readonly string[];
  waits: readonly string[];
}

/** Why a session is over: said once by the side that ended it, and again in answer to every later frame. */
export type EndReason =
  'authkey' | 'expired' | 'unknown' | 'closed' | 'server-closed' | 'superseded' | 'protocol' | 'refused' | 'overloaded';

/** The same, to look one up in. */
export const END_REASONS: readonly EndReason[] = [
  'authkey',
  'expired',
  'unknown',
  'closed',
  'server-closed',
  'superseded',
  'protocol',
  'refused',
  'overloaded',
];

/** Kinds of message inside a data frame. */
export const MessageKind = {
  call: 1,
  release: 2,
  cancel: 3,
  unwanted: 4,
  result: 5,
  error: 6,
  bye: 7,
} as const;

/** `object` 0 is the server itself, with the methods of `ServerVerb`. `timeout` 0 is none. `task` is '' outside a task. */
export type CallMessage = readonly [
  kind: 1,
  call: number,
  object: number,
  method: string,
  args: readonly unknown[],
  timeout: number,
  task: string,
];
/** Every grant of `object` up to `grant` is given back. */
export type ReleaseMessage = readonly [kind: 2, object: number, grant: number];
export type CancelMessage = readonly [kind: 3, call: number];
export type UnwantedMessage = readonly [kind: 4, call: number];
/** `handsOver` where the answer hands something over, which is final only once it was acknowledged. */
export type ResultMessage = readonly [kind: 5, call: number, value: unknown, handsOver?: true];
export type ErrorMessage = readonly [kind: 6, call: number, error: unknown, fate: 'not-executed' | 'executed'];
export type ByeMessage = readonly [kind: 7, reason: EndReason];

export type ClientMessage = CallMessage | ReleaseMessage | CancelMessage | UnwantedMessage | ByeMessage;
export type ServerMessage = ResultMessage | ErrorMessage | ByeMessage;

/** What may be called on object 0. */
export const ServerVerb = {
  create: 'create',
  get: 'get',
  attach: 'attach',
  find: 'find',
  unlink: 'unlink',
  ticket: 'ticket',
  redeem: 'redeem',
  numberOfObjects: 'numberOfObjects',
  debugInfo: 'debugInfo',
  ping: 'ping',
} as const;
