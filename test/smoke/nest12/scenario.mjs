// One round trip, written without a compiler: what a decorator does is applied by hand.
import { deepStrictEqual } from 'node:assert';

export async function scenario({ common, core, manager }) {
  const { SharedType, ManagerServerModule, ManagerModule, InjectShared, InjectManager, createManagerServer } = manager;
  const connection = { redis: process.env.REDIS_URL, namespace: process.argv[1] };

  class VisitCounter {
    #count = 0;
    increment(by = 1) {
      return (this.#count += by);
    }
  }
  SharedType()(VisitCounter);

  class ServerModule {}
  const served = ManagerServerModule.forRoot({ ...connection, name: 'smoke', types: [VisitCounter] });
  common.Module({ imports: [served] })(ServerModule);

  class Visits {
    constructor(visits, owner) {
      this.visits = visits;
      this.owner = owner;
    }
  }
  common.Injectable()(Visits);
  InjectShared(VisitCounter, 'visits')(Visits, undefined, 0);
  InjectManager()(Visits, undefined, 1);

  class AppModule {}
  common.Module({
    imports: [ManagerModule.forRoot(connection), ManagerModule.forFeature([{ type: VisitCounter, name: 'visits' }])],
    providers: [Visits],
  })(AppModule);

  const server = await createManagerServer(ServerModule, { logger: ['error'] });
  await server.listen();
  const app = await core.NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const { visits, owner } = app.get(Visits);
  const results = [await visits.increment(), await visits.increment(5)];
  const scratch = await owner.create(VisitCounter);
  results.push(await scratch.increment());
  await app.close();
  await server.close();
  deepStrictEqual(results, [1, 6, 1]);
}
