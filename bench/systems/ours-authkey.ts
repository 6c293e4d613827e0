import { ours } from '../ours.js';
import type { BenchContext } from '../system.js';

const redis = ({ redisUrl, namespace }: BenchContext) => ({
  redis: redisUrl,
  namespace,
  authkey: 'for the benchmark, and no secret at all',
});

export default ours(redis, redis);
