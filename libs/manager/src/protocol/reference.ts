/**
 * A shared object as it stands in a message. Server and generation are those of the link it travels on.
 * `grant` numbers the time that the server handed it to this session; 0 in the other direction, where nothing is granted.
 * An object of another server stands there with a ticket, which whoever receives it redeems at that server.
 */
export class WireReference {
  constructor(
    readonly typeid: string,
    readonly id: number,
    readonly grant: number,
    readonly ticket?: string,
  ) {}
}

/** Who turns shared things into references while a message is encoded, and back while it is decoded. */
export interface ReferenceScope {
  /**
   * Called once for each distinct object that is not plain data. Returns its reference, or undefined where the object is
   * none; the value is then an encoding error. May throw.
   */
  toWire(value: object): WireReference | undefined;
  /** Called once for each reference in a decoded message; what it returns stands in the value. May throw. */
  fromWire(reference: WireReference): unknown;
}
