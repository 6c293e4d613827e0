import { ours } from '../ours.js';

export default ours(({ redisUrl, namespace }) => ({
  redis: redisUrl,
  namespace,
  authkey: 'for the benchmark, and no secret at all',
}));
