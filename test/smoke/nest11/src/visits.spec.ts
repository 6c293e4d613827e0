import { Test } from '@nestjs/testing';
import { createManagerServer, getManagerToken, getSharedToken } from 'nestjs-manager';
import { AppModule } from './app.module';
import { ServerModule } from './server.module';
import { VisitCounter } from './visit-counter';
import { Visits } from './visits';

describe('Visits', () => {
  it('counts in the object it is given', async () => {
    const module = await Test.createTestingModule({
      providers: [
        Visits,
        { provide: getSharedToken(VisitCounter, 'visits'), useValue: new VisitCounter() },
        { provide: getManagerToken(), useValue: {} },
      ],
    }).compile();
    const visits = module.get(Visits);
    await visits.hit();
    expect(await visits.hit()).toBe(2);
  });

  it('counts in a server', async () => {
    const server = await createManagerServer(ServerModule, { logger: ['error'] });
    await server.listen();
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    await module.init();
    try {
      const visits = module.get(Visits);
      expect(await visits.hit()).toBe(1);
      expect(await visits.scratch()).toBe(5);
    } finally {
      await module.close();
      await server.close();
    }
  });
});
