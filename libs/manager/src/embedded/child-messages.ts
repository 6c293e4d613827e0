import type { ThrownStructure } from '../protocol/index.js';

/** What a server process is told first. It travels over the channel of the fork, where no other process can read it. */
export interface StartMessage {
  readonly start: {
    /** URL of the module whose default export is the Nest module. */
    readonly module: string;
    /** URL of the module whose default export runs first. */
    readonly initializer?: string;
    readonly listen: string;
    readonly name?: string;
    readonly authkey?: readonly Uint8Array[];
    /** Ms unused, without an application or a session, after which the process ends by itself; without it, it ends with its parent. */
    readonly idle?: number;
    /** Id of the process that it ends with; without it, it belongs to whoever uses it. */
    readonly parent?: number;
  };
}

/** Asks for an orderly close, which may take `timeout` ms at least. */
export interface StopMessage {
  readonly stop: { readonly timeout: number };
}

export type ParentMessage = StartMessage | StopMessage;

/** What it says once: where it listens, or why it does not. */
export type ChildMessage =
  | { readonly listening: string }
  | { readonly failed: ThrownStructure; /** The address is another live server's. */ readonly taken: boolean };
