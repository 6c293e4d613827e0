import { sep } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Whether this process wants to be told where handles were made and released: it costs a stack trace each. */
export const development = process.env['NODE_ENV'] !== 'production';

/** Frames that are enough to find a line: each costs about a microsecond. */
const FRAMES = 5;

/** Where the call comes from that is being made. */
let current: Error | undefined;

/** Where the call comes from that is being made; known in development, for the methods of proxies. */
export function placeOfCall(): Error | undefined {
  return current;
}

/** Runs what makes a call that comes from `place`, now or later. */
export function atPlace<R>(place: Error | undefined, run: () => R): R {
  const before = current;
  current = place;
  try {
    return run();
  } finally {
    current = before;
  }
}

/** In development: runs what makes a call that comes from whoever called the function `below`. */
export function fromCaller<R>(below: Function, run: () => R): R {
  // A member of a client class was called from there, and calls on.
  if (current) return run();
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  const place = new Error('called');
  Error.stackTraceLimit = FRAMES;
  // Without the frame of the method, which would keep its proxy from being collected for as long as the call waits.
  Error.captureStackTrace(place, below);
  Error.stackTraceLimit = limit;
  return atPlace(place, run);
}

/** Ms after which a place that is still needed is put into words, those of one run of it, and those between two runs. */
const SETTLE = 1000;
const SLICE = 5;
const PAUSE = 50;

const unsettled: { place: Error; needed: () => boolean }[] = [];
let settling: NodeJS.Timeout | undefined;

/**
 * Keeps a place for long. Until its stack is put into words, an error keeps whatever its frames are methods of from being
 * collected, and so perhaps the very proxies that the collector is to release; but doing that costs more than all else,
 * and most are released before anybody needs it.
 */
export function settleLater(place: Error, needed: () => boolean): void {
  unsettled.push({ place, needed });
  settling ??= setTimeout(settle, SETTLE).unref();
}

function settle(): void {
  const until = performance.now() + SLICE;
  let done = 0;
  while (done < unsettled.length && performance.now() < until) {
    const { place, needed } = unsettled[done++] as (typeof unsettled)[number];
    if (needed()) String(place.stack);
  }
  unsettled.splice(0, done);
  settling = unsettled.length > 0 ? setTimeout(settle, PAUSE).unref() : undefined;
}

/**
 * The line in the code of a user that a stack leads to, as `src/visits.ts:12:5`: relative to the working directory where it
 * is below it. Undefined where no frame is a user's.
 */
export function lineOf(place: Error | undefined): string | undefined {
  const frames = framesOf(place?.stack);
  const frame = frames.find((one) => !isOurs(one) && !one.includes('node_modules'));
  if (frame === undefined) return undefined;
  const here = [pathToFileURL(process.cwd()).href + '/', process.cwd() + sep].find((root) => frame.startsWith(root));
  return here ? frame.slice(here.length) : frame;
}

/** `file:line:column` of each frame that is in a file. */
function framesOf(stack: string | undefined): string[] {
  const frames: string[] = [];
  for (const line of stack?.split('\n') ?? []) {
    const [, where] = /^\s+at (?:.*\()?(.*?:\d+:\d+)\)?$/.exec(line) ?? [];
    if (where !== undefined && !where.startsWith('node:')) frames.push(where.replace(/^async /, ''));
  }
  return frames;
}

/** Where this package is. Not `import.meta`: Jest may have made CommonJS of it. */
const root = framesOf(new Error('here').stack)[0]?.match(/^(.*[/\\])definition[/\\]place\.[jt]s:/)?.[1];

/** A frame of this package; its own tests, which stand beside the code, are users of it. In a bundle, whose is unknown. */
function isOurs(frame: string): boolean {
  return root === undefined || (frame.startsWith(root) && !/\.(?:spec|suite)\.[jt]s:/.test(frame));
}
