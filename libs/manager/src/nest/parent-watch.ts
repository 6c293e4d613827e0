// Both sides of it: the server's process starts this file as a thread that watches over the end of its parent.
import process from 'node:process';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** Ms between two looks. */
const LOOK = 1000;
/** Looks that the main thread may leave unanswered once the parent has ended. */
const LOOKS = 3;

interface Watched {
  readonly watchedParent: number;
}

/**
 * Calls `gone` when the parent of this process has ended, however it did; kills this process some seconds later should its
 * main thread be blocked, which hears nothing then.
 */
export function endWithParent(pid: number, gone: () => void): void {
  const data: Watched = { watchedParent: pid };
  const thread = new Worker(new URL(import.meta.url), {
    workerData: data,
    execArgv: [],
    // It writes nothing.
    stdout: true,
    stderr: true,
  });
  thread.on('message', () => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, which has no origin
    thread.postMessage('here');
    gone();
  });
  // Without it a server that is blocked for ever stays, and nothing else.
  thread.on('error', () => undefined);
  thread.unref();
}

if (!isMainThread && isWatched(workerData)) watch(workerData.watchedParent);

function watch(pid: number): void {
  let unanswered = 0;
  parentPort?.on('message', () => (unanswered = 0));
  setInterval(() => {
    if (lives(pid)) return;
    // `exit` would end this thread alone.
    if (unanswered++ >= LOOKS) process.kill(process.pid, 'SIGKILL');
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, which has no origin
    parentPort?.postMessage('there?');
  }, LOOK);
}

/** Whoever lost its parent has another one; Windows leaves it the number. */
function lives(pid: number): boolean {
  if (process.ppid !== pid) return false;
  if (process.platform !== 'win32') return true;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function isWatched(data: unknown): data is Watched {
  return typeof data === 'object' && data !== null && 'watchedParent' in data;
}
