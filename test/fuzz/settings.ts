/** As `npm run test:fuzz` sets them; for a few seconds otherwise. */
export const FUZZ = {
  seed: Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000),
  minutes: Number(process.env['FUZZ_MINUTES'] ?? 0),
};

/** Jest would put the place of each line beside it. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
