import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ManagerModule, type ManagerModuleOptions } from 'nestjs-manager';
import { ActivityLog } from '../shared/activity-log.js';
import { RateLimiter } from '../shared/rate-limiter.js';
import { VisitCounter } from '../shared/visit-counter.js';
import { CensusService } from './census.service.js';
import { INSTANCE } from './instance.js';
import { ManagerErrorFilter } from './manager-error.filter.js';
import { PageController } from './page.controller.js';
import { VisitsController } from './visits.controller.js';
import { VisitsService } from './visits.service.js';
import type { DemoMedium, WebSettings } from './web-settings.js';

@Module({})
export class WebModule {
  static forRoot({ instance, medium, limit, window, capacity }: WebSettings): DynamicModule {
    return {
      module: WebModule,
      imports: [
        ManagerModule.forRoot({ ...reach(medium), application: instance }),
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

/** Redis or not is this one line. */
function reach(medium: DemoMedium): ManagerModuleOptions {
  if ('redis' in medium) return medium;
  return { embedded: { module: new URL('../shared/embedded-server.module.js', import.meta.url), ...medium } };
}
