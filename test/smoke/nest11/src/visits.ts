import { Injectable } from '@nestjs/common';
import { InjectManager, InjectShared, Manager, SharedProxy } from 'nestjs-manager';
import { VisitCounter } from './visit-counter';

@Injectable()
export class Visits {
  constructor(
    @InjectShared(VisitCounter, 'visits') private readonly visits: SharedProxy<VisitCounter>,
    @InjectManager() private readonly manager: Manager,
  ) {}

  hit(): Promise<number> {
    return this.visits.increment();
  }

  async scratch(): Promise<number> {
    await using counter = await this.manager.create(VisitCounter);
    return await counter.increment(5);
  }
}
