import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryMedium, SocketHub, SocketTransport, type Transport } from '../transport/index.js';

/** What servers and managers of a test have in common. */
export interface HouseMedium {
  /** A transport as a process of its own would have. */
  connect(): Transport;
  /** A transport as the process of the server has. */
  host(): Transport;
  /** Ends `transport` as a killed process ends. */
  kill(transport: Transport): void;
  close(): Promise<void>;
}

/** Memory; or sockets, where `MANAGER_MEDIUM=socket` says so: the same specs, run again. */
export function houseMedium(): HouseMedium {
  return process.env['MANAGER_MEDIUM'] === 'socket' ? new SocketMedium() : new InMemory();
}

class InMemory extends MemoryMedium implements HouseMedium {
  host(): Transport {
    return this.connect();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A hub in this process. */
export class SocketMedium implements HouseMedium {
  readonly #folder = mkdtempSync(join(tmpdir(), 'house-'));
  readonly #address = `unix://${join(this.#folder, 'hub.sock')}`;
  readonly #hub = new SocketHub({ listen: this.#address, generations: join(this.#folder, 'generation') });

  constructor() {
    void this.#hub.open();
  }

  connect(): SocketTransport {
    return new SocketTransport({ address: this.#address });
  }

  host(): Transport {
    return this.#hub.connect();
  }

  kill(transport: Transport): void {
    (transport as SocketTransport).abandon();
  }

  async close(): Promise<void> {
    await this.#hub.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
