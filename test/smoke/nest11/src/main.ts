import { deepStrictEqual } from 'node:assert';
import { NestFactory } from '@nestjs/core';
import { createManagerServer } from 'nestjs-manager';
import { AppModule } from './app.module';
import { ServerModule } from './server.module';
import { Visits } from './visits';

async function main(): Promise<void> {
  const server = await createManagerServer(ServerModule, { logger: ['error'] });
  await server.listen();
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const visits = app.get(Visits);
  const results = [await visits.hit(), await visits.hit(), await visits.scratch()];
  await app.close();
  await server.close();
  deepStrictEqual(results, [1, 2, 5]);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
