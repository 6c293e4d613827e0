import { spawn } from 'node:child_process';

/**
 * Runs a command in a process group of its own and waits for its end; past `limit` ms the whole group is killed.
 * With `show` the output goes straight to the terminal, else it is kept and given back.
 */
export function run(command, args, { env = {}, cwd, limit, show = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
      detached: true,
    });
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    const stop = forwardSignals(child);

    let timedOut = false;
    let last;
    const first = setTimeout(() => {
      timedOut = true;
      signalGroup(child, 'SIGTERM');
      last = setTimeout(() => signalGroup(child, 'SIGKILL'), 3_000);
    }, limit);

    const end = (status, more = '') => {
      clearTimeout(first);
      clearTimeout(last);
      stop();
      resolve({ status, timedOut, output: Buffer.concat(chunks).toString() + more });
    };
    child.once('error', (error) => end(127, `${command}: ${error.message}\n`));
    child.once('exit', (code, signal) => {
      signalGroup(child, 'SIGKILL'); // what it left running, which would keep the pipes open
      const done = () => end(timedOut ? 124 : (code ?? 1), signal ? `ended by ${signal}\n` : '');
      const late = setTimeout(done, 1_000);
      child.once('close', () => {
        clearTimeout(late);
        done();
      });
    });
  });
}

function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** In a group of its own the child does not see the terminal's Ctrl-C: pass it on, then end as a signal would. */
function forwardSignals(child) {
  const handlers = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
    const handler = () => {
      signalGroup(child, signal);
      setTimeout(() => signalGroup(child, 'SIGKILL'), 3_000).unref();
      child.once('exit', () => process.exit(130));
    };
    process.once(signal, handler);
    return [signal, handler];
  });
  return () => handlers.forEach(([signal, handler]) => process.off(signal, handler));
}
