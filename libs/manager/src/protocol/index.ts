/** What the other rooms see of the protocol. */
export { claimValue, parseClaim, stateOfClaim, type ServerIdentity } from './claim.js';
export { encodeFrame, encodeMessage } from './codec.js';
export { copyValue, snapshot } from './copy.js';
export { decodeData, encodeData, encodedData } from './data.js';
export { registerErrorClass, type ErrorClass } from './error-classes.js';
export {
  AuthenticationError,
  BlockUnreachableError,
  BrokenBarrierError,
  CallAbortedError,
  CallTimeoutError,
  ConfigurationError,
  EncodingError,
  KeyNotFoundError,
  ManagerClosedError,
  ManagerError,
  MethodNotExposedError,
  NoTaskError,
  ObjectLostError,
  OverloadedError,
  PayloadTooLargeError,
  ProtocolError,
  ProxyReleasedError,
  QueueEmptyError,
  QueueFullError,
  QueueShutDownError,
  RemoteError,
  ServerClosingError,
  ServerSupersededError,
  ServerUnavailableError,
  SessionExpiredError,
  StateError,
  TicketInvalidError,
  TypeNotRegisteredError,
  WorkerLostError,
  managerErrors,
  type ErrorDetails,
  type Fate,
  type TicketFault,
} from './errors.js';
export type {
  CensusPosition,
  DebugInfo,
  HolderDebugInfo,
  KeepOption,
  ObjectDebugInfo,
  ServerDebugInfo,
} from './debug-info.js';
export { FrameReader, WELCOME_BYTES, type Seal } from './frame-reader.js';
export { isIterable } from './iterates.js';
export { DataFrames, type FrameBody } from './data-frames.js';
export { lightBytes, lightBytesOfAll } from './light.js';
export { DEFAULT_LIMITS, KEPT, type Limits } from './limits.js';
export { asName, brief, isName, NAME_LENGTH, quoted } from './names.js';
export {
  END_REASONS,
  FrameKind,
  MessageKind,
  PROTOCOL_VERSION,
  ServerVerb,
  type Allowance,
  type ByeMessage,
  type CallMessage,
  type CancelMessage,
  type ClientMessage,
  type EndReason,
  type ErrorMessage,
  type FrameHeader,
  type Hello,
  type ReleaseMessage,
  type ResultMessage,
  type ServerMessage,
  type TypeSummary,
  type UnwantedMessage,
  type Welcome,
} from './messages.js';
export { WireReference, type ReferenceScope } from './reference.js';
export {
  checkTicketOptions,
  formatTicket,
  parseTicket,
  SECRET_BYTES,
  type Ticket,
  type TicketOptions,
} from './ticket.js';
export { prepareValue, type ValueLimits } from './values.js';
export type { ThrownStructure } from './error-structure.js';
export { decodeError, encodeError } from './wire-errors.js';
