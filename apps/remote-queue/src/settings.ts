/** `tcp://host:port` or `unix:///path`, or `redis://host:port` where the server is reached through Redis. */
export const address = process.argv[2] ?? 'tcp://127.0.0.1:50000';

/** The secret of all three programs; without it the server listens to this machine only. */
const key = process.env['AUTHKEY'];
export const secret = key === undefined ? {} : { authkey: key };
