// Loaded before the main module of each process that the demo starts (`node --import`): the process ends when the demo
// does, even if that was killed and could not say goodbye.
const GRACE = 5000;

// The demo may be gone before this was loaded.
if (process.connected) process.once('disconnect', end);
else end();
// The channel alone is no reason to go on.
process.channel?.unref();

function end(): void {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), GRACE).unref();
}
