// The program of a manager server in a process of its own. First of all the signals, as what it needs takes a while to load.
import process from 'node:process';

// The terminal sends it to everybody in it; this one is needed until its parent has closed.
process.on('SIGINT', () => undefined);

await import('./embedded-life.js');
