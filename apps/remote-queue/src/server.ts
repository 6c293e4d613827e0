// AUTHKEY=... node dist/server.js tcp://0.0.0.0:50000
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { createManagerServer, ManagerServerModule, ManagerServerStrategy } from 'nestjs-manager';
import { address, secret } from './settings.js';

const medium = address.startsWith('redis') ? { redis: address } : { listen: address };

@Module({ imports: [ManagerServerModule.forRoot({ ...medium, ...secret })] })
class QueueServerModule {}

const app = await createManagerServer(QueueServerModule);
app.enableShutdownHooks(['SIGTERM', 'SIGINT']);
await app.listen();
console.log(`listening at ${app.get(ManagerServerStrategy).address ?? address}`);
