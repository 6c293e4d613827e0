import { Inject, Injectable } from '@nestjs/common';
import { InjectShared, SharedProxy } from 'nestjs-manager';
import { ActivityLog, type LogEntry } from '../shared/activity-log.js';
import { RateLimiter, type Usage, type Verdict } from '../shared/rate-limiter.js';
import { VisitCounter } from '../shared/visit-counter.js';
import { INSTANCE } from './instance.js';

/** A visit that was let in has a number. */
export interface Visit extends Verdict {
  visit?: number;
}

export interface SharedState {
  count: number;
  total: number;
  log: LogEntry[];
  busiest: Usage[];
}

@Injectable()
export class VisitsService {
  constructor(
    @Inject(INSTANCE) private readonly instance: string,
    @InjectShared(VisitCounter, 'visits') private readonly visits: SharedProxy<VisitCounter>,
    @InjectShared(RateLimiter, 'visits') private readonly limiter: SharedProxy<RateLimiter>,
    @InjectShared(ActivityLog, 'visits') private readonly log: SharedProxy<ActivityLog>,
  ) {}

  async visit(address: string): Promise<Visit> {
    const verdict = await this.limiter.hit(address);
    if (!verdict.allowed) return verdict;
    const visit = await this.visits.increment();
    await this.log.add({ visit, address, instance: this.instance });
    return { ...verdict, visit };
  }

  async state(entries: number): Promise<SharedState> {
    const [count, total, log, busiest] = await Promise.all([
      this.visits.value(),
      this.log.total(),
      this.log.tail(entries),
      this.limiter.busiest(5),
    ]);
    return { count, total, log, busiest };
  }
}
