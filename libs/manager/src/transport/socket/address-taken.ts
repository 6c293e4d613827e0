import { ConfigurationError } from '../../protocol/errors.js';

/** Another server listens where this one was to: it may be the one that is wanted. */
export class AddressTakenError extends ConfigurationError {
  constructor(where: string, cause?: unknown) {
    super(`Another server listens at ${where} already: stop it first, or choose another address.`, { cause });
  }
}
