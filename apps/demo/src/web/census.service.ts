import { Injectable } from '@nestjs/common';
import { InjectManager, Manager, type HolderDebugInfo } from 'nestjs-manager';

/** One shared object and who holds it. */
export interface CensusLine {
  typeid: string;
  name: string;
  id: number;
  holders: string[];
}

/** Who holds what, as the servers know it. */
@Injectable()
export class CensusService {
  constructor(@InjectManager() private readonly manager: Manager) {}

  async take(): Promise<CensusLine[]> {
    const { servers } = await this.manager.debugInfo();
    return servers.flatMap(({ objects }) =>
      objects.map(({ typeid, name = '', id, holders }) => ({
        typeid,
        name,
        id,
        holders: holders.map(describe).sort(),
      })),
    );
  }
}

/** An application is called by its name, anything else by its kind: a name holds its object too. */
function describe({ kind, application }: HolderDebugInfo): string {
  return kind === 'session' && application !== undefined ? application : `(${kind})`;
}
