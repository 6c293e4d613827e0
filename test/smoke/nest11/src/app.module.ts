import { Module } from '@nestjs/common';
import { ManagerModule } from 'nestjs-manager';
import { connection } from './connection';
import { VisitCounter } from './visit-counter';
import { Visits } from './visits';

@Module({
  imports: [ManagerModule.forRoot(connection), ManagerModule.forFeature([{ type: VisitCounter, name: 'visits' }])],
  providers: [Visits],
})
export class AppModule {}
