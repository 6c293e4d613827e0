import { ours } from '../ours.js';

export default ours(({ redisUrl, namespace }) => ({ redis: redisUrl, namespace }));
