/**
 * The medium could not be asked, or said no. Stays below the public errors: what reaches a user is an error of the call
 * or the start that needed the medium, with this one as its `cause`.
 */
export class MediumError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    Object.defineProperty(this, 'name', { value: 'MediumError', configurable: true, writable: true });
  }
}
