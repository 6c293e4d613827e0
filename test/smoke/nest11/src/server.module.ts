import { Module } from '@nestjs/common';
import { ManagerServerModule } from 'nestjs-manager';
import { connection } from './connection';
import { VisitCounter } from './visit-counter';

@Module({ imports: [ManagerServerModule.forRoot({ ...connection, name: 'smoke', types: [VisitCounter] })] })
export class ServerModule {}
