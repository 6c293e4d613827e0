import { Handle, lineOf } from '../definition/index.js';
import type { Target } from '../definition/index.js';

/** What an application knows in development of a reference that it holds. */
export interface Held {
  /** The lines of code that the proxies came from, each once. */
  readonly lines: string[];
  /** Every proxy lasts as long as the application: there is none that anybody is to release. */
  readonly lasting: boolean;
}

export function heldThrough(target: Target): Held {
  const handles = Handle.of(target);
  const lines = handles.map(({ madeAt }) => lineOf(madeAt)).filter((line) => line !== undefined);
  return { lines: [...new Set(lines)], lasting: handles.length > 0 && handles.every(({ lasting }) => lasting) };
}
