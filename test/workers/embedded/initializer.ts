export default async function initialize(): Promise<void> {
  await Promise.resolve();
  (globalThis as { initializedBy?: unknown }).initializedBy = process.pid;
}
