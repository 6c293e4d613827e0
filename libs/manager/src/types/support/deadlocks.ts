import type { CallContext, Logger } from '../../definition/index.js';

/** Something that has one owner at a time. */
export interface Contended {
  readonly name: string;
  readonly owner:
    { readonly session: string; readonly task: string | undefined; readonly application: string } | undefined;
}

/** Ms that a circle must have stood before it is told: a lock may be about to be released by another branch of its task. */
const PATIENCE = 1000;

/** Tasks that wait, by session and task: a session is at one server, so a circle is one of that server. */
const tasks = new Map<string, Deadlocks>();

/**
 * What one task waits for. A circle of tasks, each of which waits for what the next one owns, is told to the log; nobody is
 * woken, since only the owners know which of them may give way. An owner outside of any task cannot be told from others of
 * its session, so it is in no circle.
 */
export class Deadlocks {
  readonly #key: string;
  readonly #call: CallContext;
  readonly #waitsFor = new Map<Contended, number>();

  private constructor(key: string, call: CallContext) {
    this.#key = key;
    this.#call = call;
  }

  /** Of the task that makes a call; undefined outside of one. */
  static of(call: CallContext): Deadlocks | undefined {
    if (call.task === undefined) return undefined;
    const key = keyOf(call);
    return tasks.get(key) ?? new Deadlocks(key, call);
  }

  /** It waits from now on; the function that is given ends that, once. */
  waits(what: Contended): () => void {
    tasks.set(this.#key, this);
    this.#waitsFor.set(what, (this.#waitsFor.get(what) ?? 0) + 1);
    const circle = this.#circle(what);
    const timer = circle && setTimeout(() => this.#tell(what, this.#call.logger), PATIENCE).unref();
    let over = false;
    return () => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      const left = (this.#waitsFor.get(what) ?? 1) - 1;
      if (left > 0) this.#waitsFor.set(what, left);
      else this.#waitsFor.delete(what);
      if (this.#waitsFor.size === 0 && tasks.get(this.#key) === this) tasks.delete(this.#key);
    };
  }

  #tell(what: Contended, logger: Logger): void {
    const circle = this.#circle(what);
    if (!circle) return;
    const members = circle.map(({ waiter, for: lock }) => {
      const { application, task } = waiter.#call;
      return `task ${task} of ${application} waits for ${lock.name}`;
    });
    logger.warn(
      circle.length === 1
        ? `A task waits for a lock that it holds itself: ${members[0]}. Unless another branch of it releases the lock, it waits for ever.`
        : `Deadlock: ${members.join(', which is held by ')}, which is held by the first of them. None of them can go on until one gives way.`,
    );
  }

  /** The way from here back to here, if there is one. */
  #circle(what: Contended): { waiter: Deadlocks; for: Contended }[] | undefined {
    const seen = new Set<Deadlocks>();
    const path: { waiter: Deadlocks; for: Contended }[] = [];
    const leadsBack = (waiter: Deadlocks, lock: Contended): boolean => {
      path.push({ waiter, for: lock });
      const { owner } = lock;
      const next = owner && owner.task !== undefined ? tasks.get(keyOf(owner)) : undefined;
      if (owner && keyOf(owner) === this.#key) return true;
      if (next && !seen.has(next)) {
        seen.add(next);
        for (const further of next.#waitsFor.keys()) if (leadsBack(next, further)) return true;
      }
      path.pop();
      return false;
    };
    return leadsBack(this, what) ? path : undefined;
  }
}

function keyOf({ session, task }: { session: string; task: string | undefined }): string {
  return `${session}/${task ?? ''}`;
}
