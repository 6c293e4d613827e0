import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ManagerModule } from 'nestjs-manager';
import { ActivityLog } from '../shared/activity-log.js';
import { RateLimiter } from '../shared/rate-limiter.js';
import { VisitCounter } from '../shared/visit-counter.js';
import { CensusService } from './census.service.js';
import { INSTANCE } from './instance.js';
import { ManagerErrorFilter } from './manager-error.filter.js';
import { PageController } from './page.controller.js';
import { VisitsController } from './visits.controller.js';
import { VisitsService } from './visits.service.js';
import type { WebSettings } from './web-settings.js';

@Module({})
export class WebModule {
  static forRoot({ instance, redis, namespace, limit, window, capacity }: WebSettings): DynamicModule {
    return {
      module: WebModule,
      imports: [
        ManagerModule.forRoot({ redis, namespace, application: instance }),
        ManagerModule.forFeature([
          { type: VisitCounter, name: 'visits' },
          { type: RateLimiter, name: 'visits', args: [{ limit, window }] },
          { type: ActivityLog, name: 'visits', args: [capacity] },
        ]),
      ],
      controllers: [VisitsController, PageController],
      providers: [
        { provide: INSTANCE, useValue: instance },
        { provide: APP_FILTER, useClass: ManagerErrorFilter },
        VisitsService,
        CensusService,
      ],
    };
  }
}
