import { Packr } from 'msgpackr';

/** A message of the echo: which call, and its argument or answer. */
export type Message = [id: number, value: unknown];

const packr = new Packr({ useRecords: false });

/** A frame is packed in one go: one call of the packer for all of its messages. */
export const packFrame = (messages: Message[]): Buffer => packr.pack(messages);
export const unpackFrame = (frame: Buffer): Message[] => packr.unpack(frame) as Message[];
