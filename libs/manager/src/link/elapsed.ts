// Not the global one, which is a getter: this is asked for each frame.
import { performance } from 'node:perf_hooks';

/**
 * A moment that later moments are measured from. Elapsed time is the larger of the monotonic and the wall clock:
 * the monotonic one stands still while a machine is suspended, the wall clock may be set back. Too much elapsed time
 * costs a question to the peer; too little would let somebody act on a lease that is over.
 */
export class Moment {
  readonly #monotonic = performance.now();
  readonly #wall = Date.now();

  elapsed(): number {
    return Math.max(performance.now() - this.#monotonic, Date.now() - this.#wall);
  }
}
