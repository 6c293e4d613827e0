import process from 'node:process';

/** What gathers until the turn is over. */
export interface Gatherer {
  readonly urgent: boolean;
  flush(): void;
}

/**
 * Those that have something to send at the end of a turn of the event loop: of one read, as soon as all that it brought
 * was handled; of anything else, when the promises that it settled were followed up. One system call for each of them.
 */
export class Turn {
  #gatherers: Gatherer[] = [];
  #reading = false;
  #scheduled = false;

  add(gatherer: Gatherer): void {
    // Beats leave first: who reads them next to frames has them first, too.
    if (this.#gatherers.length === 0) this.#gatherers = [gatherer];
    else if (gatherer.urgent) this.#gatherers.unshift(gatherer);
    else this.#gatherers.push(gatherer);
    if (this.#reading || this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#endTurn);
  }

  /** A read is being handled. */
  begin(): void {
    this.#reading = true;
  }

  /** It was: what it made leaves. */
  end(): void {
    this.#reading = false;
    this.#flush();
  }

  readonly #endTurn = (): void => {
    this.#scheduled = false;
    this.#flush();
  };

  #flush(): void {
    if (this.#gatherers.length === 0) return;
    const gatherers = this.#gatherers;
    this.#gatherers = [];
    for (const gatherer of gatherers) gatherer.flush();
  }
}
