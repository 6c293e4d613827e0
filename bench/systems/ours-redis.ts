import { ours } from '../ours.js';
import type { BenchContext } from '../system.js';

const redis = ({ redisUrl, namespace }: BenchContext) => ({ redis: redisUrl, namespace });

export default ours(redis, redis);
