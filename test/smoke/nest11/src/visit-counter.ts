import { SharedType } from 'nestjs-manager';

@SharedType()
export class VisitCounter {
  #count = 0;
  increment(by = 1): number {
    return (this.#count += by);
  }
}
