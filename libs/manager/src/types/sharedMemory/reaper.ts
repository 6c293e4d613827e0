import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

/** Says that it is ready, then reads until the pipe ends, whatever signals come meanwhile. Nobody ever writes to it. */
const SHELL = 'trap "" HUP INT QUIT TERM; echo; exec >/dev/null; read -r nothing; rm -rf -- "$1"';
const NODE = `
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => {});
  const end = () => require('node:fs').rmSync(process.argv[1], { recursive: true, force: true });
  process.stdin.on('error', () => {}).on('close', end).resume();
  process.stdout.on('error', () => {}).write('\\n');
`;
/** Ms that it may take to end. */
const PATIENCE = 2000;

/**
 * A process that removes a folder when this one is gone, however it went: even a process that is killed closes its end of a
 * pipe. It is in a session of its own, so that a terminal's Ctrl-C, which goes to a whole group, leaves it its work.
 */
export class Reaper {
  /** Resolves when no signal but the last one stops it any more, or it has failed. */
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<string>;
  #ending = false;

  /**
   * @param failed told where it could not be started, or has ended before its time.
   * @param shell whether it is a shell, which is small, or Node.
   */
  constructor(folder: string, failed: (why: string) => void, shell = hasShell()) {
    const { env, execPath } = process;
    // Nothing of the environment but what both need: NODE_OPTIONS may load whatever it likes.
    const needed = Object.fromEntries(['PATH', 'SystemRoot'].flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
    this.#child = spawn(
      shell ? '/bin/sh' : execPath,
      shell ? ['-c', SHELL, 'nestjs-manager-reaper', folder] : ['-e', NODE, folder],
      {
        ...(shell && { cwd: '/' }),
        env: needed,
        detached: true,
        windowsHide: true,
        stdio: ['pipe', 'pipe', 'ignore'],
      },
    );
    const { stdin, stdout } = this.#child;
    this.#exited = once(this.#child, 'exit').then(
      ([code, signal]) => String(signal ?? code),
      (error: Error) => error.message,
    );
    void this.#exited.then((how) => this.#ending || failed(how));
    const said = stdout ? once(stdout, 'data').catch(() => undefined) : undefined;
    this.ready = Promise.race([said, this.#exited]).then(() => void stdout?.destroy());
    stdin?.on('error', () => undefined);
    // It must not keep this process from ending: that is what it waits for.
    this.#child.unref();
    for (const stream of [stdin, stdout]) (stream as { unref?(): void } | null)?.unref?.();
  }

  /** Lets it do its work, and waits until it has ended: no process is left, and no zombie. Gives its exit code, or signal. */
  async end(): Promise<string> {
    this.#ending = true;
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE);
    const how = await this.#exited;
    clearTimeout(timer);
    return how;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }
}

function hasShell(): boolean {
  return process.platform !== 'win32' && existsSync('/bin/sh');
}
