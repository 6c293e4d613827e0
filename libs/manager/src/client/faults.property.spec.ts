import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SharedType, type SharedProxy } from '../definition/index.js';
import { ManagerError } from '../protocol/index.js';
import { House, turns, until, type Fortune, type Line } from './house.suite.js';

/** What goes wrong on the way, and by which dice. */
interface Trouble {
  noise: number;
  lost: number;
  fails: number;
  lostBeats: number;
  rounds: number;
  managers: number;
  /** Whether one of the applications is cut off for longer than its lease. */
  cut: boolean;
}

const trouble: fc.Arbitrary<Trouble> = fc.record({
  noise: fc.integer({ min: 1, max: 2 ** 31 - 2 }),
  lost: fc.double({ min: 0, max: 0.3, noNaN: true }),
  fails: fc.double({ min: 0, max: 0.3, noNaN: true }),
  lostBeats: fc.double({ min: 0, max: 0.3, noNaN: true }),
  rounds: fc.integer({ min: 1, max: 12 }),
  managers: fc.integer({ min: 1, max: 3 }),
  cut: fc.boolean(),
});

/** What was run, by the name of the object and the number of the call: at most once each, and in order. */
let ran: Map<string, number[]>;

@SharedType()
class Ledger {
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  note(number: number): number {
    const list = ran.get(this.#name) ?? [];
    ran.set(this.#name, list);
    return list.push(number) && number;
  }
  async noteLater(number: number): Promise<number> {
    this.note(number);
    await turns(1);
    return number;
  }
  part(): Ledger {
    return new Ledger(`${this.#name}/`);
  }
}

const LEASE = 240;

async function play(chosen: Trouble): Promise<void> {
  ran = new Map();
  const house = new House();
  let state = chosen.noise;
  const chance = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const fortune = (_owner: string, lane: string): Fortune => {
    const dice = chance();
    if (lane === 'beats') return dice < chosen.lostBeats ? 'lost' : 'arrives';
    return dice < chosen.lost ? 'lost' : dice < chosen.lost + chosen.fails ? 'fails' : 'arrives';
  };
  const lines: Line[] = [];
  const line = (): Line => {
    const made = house.line();
    made.fortune = fortune;
    lines.push(made);
    return made;
  };
  try {
    const server = await house.server([Ledger], { lease: LEASE, transport: line() });
    const calls: Promise<void>[] = [];
    await Promise.all(
      Array.from({ length: chosen.managers }, async (_, index) => {
        const own = line();
        const manager = house.manager({ transport: own, timeout: 5000 });
        const name = `m${index}`;
        const answered: number[] = [];
        const refused: number[] = [];
        let ledger: SharedProxy<Ledger> | undefined;
        let number = 0;
        for (let round = 0; round < chosen.rounds; round++) {
          try {
            ledger ??= await manager.create(Ledger, name);
            const at = ledger;
            for (let more = Math.floor(chance() * 5); more >= 0; more--) {
              const mine = ++number;
              calls.push(
                (chance() < 0.5 ? at.note(mine) : at.noteLater(mine)).then(
                  (answer) => void answered.push(answer),
                  (error: ManagerError) => void (error.fate === 'not-executed' && refused.push(mine)),
                ),
              );
            }
            if (chance() < 0.3) {
              // A reference that comes and goes again.
              const part = (await at.part()) as unknown as SharedProxy<Ledger>;
              await part.note(round);
              await manager.release(part);
            }
          } catch (error) {
            if (!(error instanceof ManagerError)) throw error;
            // The session ended; what it held is gone, and the next round begins anew.
            if (ledger) void manager.release(ledger);
            ledger = undefined;
          }
          if (chosen.cut && index === 0 && round === 1) {
            own.cut();
            setTimeout(() => {
              own.mend();
              own.fortune = fortune;
            }, LEASE * 2);
          }
          await turns(Math.floor(chance() * 4));
        }
        await Promise.all(calls);
        for (const each of lines) each.mend();
        const list = ran.get(name) ?? [];
        // At most once, in the order of the calls, and what is said of each is true.
        expect(list).toEqual([...new Set(list)].toSorted((a, b) => a - b));
        for (const each of answered) expect(list).toContain(each);
        for (const each of refused) expect(list).not.toContain(each);
        await manager.close();
      }),
    );
    // Whatever was lost on the way, nothing is held for anybody any more. Another's beats make the inbox be read.
    await house.manager().ping();
    await until(() => server.sessions <= 1);
    expect(server.table.size).toBe(0);
  } finally {
    for (const each of lines) each.mend();
    await house.close();
  }
}

describe('applications whose frames and beats get lost', () => {
  it('run each call at most once and in order, hear the truth of it, and leave nothing behind', async () => {
    await fc.assert(fc.asyncProperty(trouble, play), { numRuns: 12, endOnFailure: true });
  }, 60_000);
});
