import { SharedType } from 'nestjs-manager';

/** Counts visits, however many instances report them. */
@SharedType()
export class VisitCounter {
  #count = 0;

  /** The number of this visit. No two visits get the same one. */
  increment(): number {
    return ++this.#count;
  }

  value(): number {
    return this.#count;
  }
}
