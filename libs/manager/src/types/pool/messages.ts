import { lightBytes, lightBytesOfAll } from '../../protocol/index.js';

/** What a worker thread is started with. */
export interface ThreadData {
  /** URL of the module whose exports are the tasks. */
  readonly module: string;
  readonly limits: { readonly depth: number; readonly messageBytes: number };
}

/** The arguments of one task. What holds nothing but small primitives needs no bytes. */
export type Arguments = { readonly args: readonly unknown[] } | { readonly bytes: Uint8Array };

/** Asks for the names of the tasks, or for one task to run with each of these arguments, one after the other. */
export type ThreadRequest = { readonly names: true } | { readonly task: string; readonly runs: readonly Arguments[] };

/** What came of one run: a value, as it is or as its bytes, or what was thrown, as bytes. */
export type ThreadAnswer =
  { readonly value: unknown } | { readonly bytes: Uint8Array } | { readonly error: Uint8Array };

/** Whether another thread gets the same of it without our codec. */
export function isLight(value: unknown): boolean {
  return value === undefined || lightBytes(value) !== undefined;
}

export function areLight(values: readonly unknown[]): boolean {
  return lightBytesOfAll(values) !== undefined;
}
