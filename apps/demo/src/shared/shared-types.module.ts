import { Module } from '@nestjs/common';
import { ManagerServerModule } from 'nestjs-manager';
import { ActivityLog } from './activity-log.js';
import { RateLimiter } from './rate-limiter.js';
import { VisitCounter } from './visit-counter.js';

/** What the manager server hosts for the web instances; it is named in MANAGER_MODULES. */
@Module({ imports: [ManagerServerModule.forFeature([VisitCounter, RateLimiter, ActivityLog])] })
export class SharedTypesModule {}
