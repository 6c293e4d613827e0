import { expectHandle, Handle, onLeaseLost, remote } from '../../definition/index.js';
import { SessionExpiredError, StateError } from '../../protocol/index.js';
import { BlockFile } from './block-file.js';
import { placeOf, type Place } from './place.js';

/** What the server tells of a block. */
interface Remote {
  place(): Place;
  name(): string | undefined;
}

/** The file of a block as one reference has it, with all views of that which `manager.with` made. */
interface Opened {
  file: BlockFile | undefined;
  opening: Promise<BlockFile> | undefined;
  /** It is no longer dropped when the lease is lost. */
  unlisten: (() => void) | undefined;
  closed: boolean;
}

const opened = new WeakMap<Handle, Opened>();
/** Of those that were collected, with their proxy. */
const forgotten = new FinalizationRegistry<() => void>((unlisten) => unlisten());

/**
 * The open file behind a proxy. It is opened once, after the server said where it is; from then on the server is asked only
 * after the lease was, or may have been, lost: it then says what became of the object, as to any other call.
 *
 * @throws StateError where it was closed; what a call of the proxy throws; BlockUnreachableError.
 */
export function openedFile(proxy: object, member: string): BlockFile | Promise<BlockFile> {
  const handle = expectHandle(proxy, `${member}()`);
  const { root } = handle;
  root.expectHeld(`${member} its block`);
  const state = stateOf(root);
  if (state.closed) throw closedError(member);
  // A hosted proxy may last for one call only, which the server knows, and is at hand to say.
  if (handle.target.keep) return validated(proxy, root, state);
  // Where the lease is over it drops the file by this: what drops it otherwise is a timer, and a loop that was blocked may come here first.
  if (state.file) onLeaseLost(proxy, nothing)();
  if (state.file) return state.file;
  return (state.opening ??= open(proxy, root, state).finally(() => (state.opening = undefined)));
}

/** What the server says of a block: for whoever made it, or attached to it. */
export async function askedPlace(proxy: object): Promise<Place> {
  return placeOf(await remote<Remote>(proxy, {}).place());
}

/**
 * Opens its file at once, where it is.
 *
 * @throws BlockUnreachableError
 */
export async function openAt(proxy: object, place: Place): Promise<void> {
  const { root } = expectHandle(proxy, 'open');
  const state = stateOf(root);
  if (!state.file && !state.opening) await keepOpen(proxy, root, state, place);
}

/** Bytes of the block: known here while it is open. */
export async function sizeOf(proxy: object): Promise<number> {
  const { root } = expectHandle(proxy, 'size()');
  root.expectHeld('tell the size of its block');
  return opened.get(root)?.file?.size ?? placeOf(await remote<Remote>(proxy).place()).size;
}

/** Gives the file back. Idempotent. */
export function closeFile(proxy: object): void {
  const { root } = expectHandle(proxy, 'close()');
  root.expectHeld('close its block');
  const state = stateOf(root);
  state.closed = true;
  drop(state);
}

function nothing(): void {}

function stateOf(root: Handle): Opened {
  let state = opened.get(root);
  if (state) return state;
  opened.set(root, (state = { file: undefined, opening: undefined, unlisten: undefined, closed: false }));
  const made = state;
  root.releasing.listen(() => drop(made));
  return state;
}

function drop(state: Opened): void {
  state.file?.close();
  state.file = undefined;
  state.unlisten?.();
  state.unlisten = undefined;
  forgotten.unregister(state);
}

/** It is opened once for all who ask meanwhile: the time and the signal of one of them must not end it for the others. */
async function open(proxy: object, root: Handle, state: Opened): Promise<BlockFile> {
  const block = remote<Remote>(proxy, {});
  const told = await block.place().catch((error: unknown) => {
    // Asking twice does no harm, and a proxy of a name may find the very same block again.
    if (error instanceof SessionExpiredError && !root.released) return block.place();
    throw error;
  });
  return keepOpen(proxy, root, state, placeOf(told));
}

async function validated(proxy: object, root: Handle, state: Opened): Promise<BlockFile> {
  if (state.file) {
    // Whether the reference holds, and no more: a block that was unlinked has a place no longer, and goes on for who has it open.
    await remote<Remote>(proxy).name();
    if (state.file) return state.file;
  }
  const place = placeOf(await remote<Remote>(proxy).place());
  return state.file ?? keepOpen(proxy, root, state, place);
}

async function keepOpen(proxy: object, root: Handle, state: Opened, place: Place): Promise<BlockFile> {
  const file = await BlockFile.open(place);
  if (root.released || state.closed || state.file) {
    file.close();
    root.expectHeld('open its block');
    if (state.file) return state.file;
    throw closedError('open');
  }
  state.file = file;
  if (!root.target.keep) dropWithLease(proxy, state);
  return file;
}

function dropWithLease(proxy: object, state: Opened): void {
  // The session must not keep alive what its user has forgotten.
  const forgettable = new WeakRef(state);
  const unlisten = onLeaseLost(proxy, () => {
    const lost = forgettable.deref();
    if (lost) drop(lost);
  });
  state.unlisten = unlisten;
  forgotten.register(state, unlisten, state);
}

function closedError(member: string): StateError {
  return new StateError(
    `The block was closed by this proxy, so that it cannot ${member} any more. Another handle has a file of its own: manager.dup(proxy).`,
    { fate: 'not-executed' },
  );
}
