export const connection = { redis: process.env.REDIS_URL ?? 'redis://localhost:6379', namespace: 'nest11' };
