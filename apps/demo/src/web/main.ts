import '../run/end-with-parent.js';
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { VisitsService } from './visits.service.js';
import { readWebSettings } from './web-settings.js';
import { WebModule } from './web.module.js';

/** What an instance tells the process that started it, once it can answer. */
export interface Ready {
  url: string;
}

const app = await NestFactory.create<NestFastifyApplication>(
  WebModule.forRoot(readWebSettings()),
  new FastifyAdapter({ trustProxy: true }),
  { logger: ['warn', 'error', 'fatal'] },
);
app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
await app.listen(0, '127.0.0.1');
// Proxies reach for their objects at the first call: from here on this instance holds them.
await app.get(VisitsService).state(0);
process.send?.({ url: await app.getUrl() } satisfies Ready);
