export { Absence } from './absence.js';
export {
  beatFrame,
  Endpoint,
  endedFrame,
  helloFrame,
  inboxOfSession,
  macOf,
  NO_MAC,
  welcomeFrame,
} from './endpoint.js';
export type { End, EndpointHandlers, Peer } from './endpoint.js';
export { Authenticator, HeldKey, newNonce } from './authkey.js';
export type { AuthKey, AuthKeys, SessionSeal } from './authkey.js';
export { Moment } from './elapsed.js';
export { BeatCounter, beatInterval, ReadingClock } from './lease.js';
export { Link } from './link.js';
export { MalformedFrames } from './malformed.js';
export type { LinkOptions, Outgoing } from './link.js';
