import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ours } from '../ours.js';

export default ours(
  ({ namespace }) => ({ listen: `unix://${join(tmpdir(), `${namespace}.sock`)}` }),
  (_context, address) => ({ embedded: { address: address as string } }),
);
