import { chmod, link, mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { failure } from '../../client/house.suite.js';
import { BlockUnreachableError, ProtocolError, StateError } from '../../protocol/index.js';
import { BlockFile } from './block-file.js';
import { placeOf, type Place } from './place.js';
import { thisSite, userFolder, type Site } from './site.js';

const TOKEN = '00112233445566778899aabbccddeeff';
const FILE = 'f'.repeat(32);
const FOLDER = 'a'.repeat(16);

describe('the file of a block', () => {
  let site: Site;
  let place: Place;
  let path: string;
  beforeEach(async () => {
    const root = await mkdtemp(join(tmpdir(), 'block-file-'));
    site = { ...thisSite(), root };
    place = { ...site, folder: FOLDER, file: FILE, token: TOKEN, size: 5 };
    path = join(userFolder(site), FOLDER, FILE);
    await mkdir(join(userFolder(site), FOLDER), { recursive: true, mode: 0o700 });
    (await BlockFile.create(path, 5, TOKEN)).close();
  });
  afterEach(() => rm(site.root, { recursive: true }));

  const unreachable = async (given: Place, at = site): Promise<string> => {
    const error = await failure(BlockFile.open(given, at));
    expect(error).toBeInstanceOf(BlockUnreachableError);
    return error.message;
  };

  it('has a head that says what it is, and then the block', async () => {
    const file = await BlockFile.open(place, site);
    await file.write(0, Buffer.from('block'));
    file.close();
    expect((await readFile(path)).toString('hex').match(/.{1,16}/g)).toEqual([
      '6e6a73626c6f636b', // njsblock
      '0100000040000000', // version 1, the block begins at 64
      '0500000000000000', // 5 bytes
      ...TOKEN.match(/.{16}/g)!,
      ...new Array<string>(3).fill('0'.repeat(16)),
      '626c6f636b',
    ]);
  });

  it('is not there for another machine, which shares a folder with this one perhaps', async () => {
    expect(await unreachable(place, { ...site, machine: 'another' })).toBe(
      'The block of shared memory cannot be reached from here: it is in the memory of another machine. Shared memory is for ' +
        'processes of one machine.',
    );
  });

  it('is not there for a container that has a folder of its own', async () => {
    const own = { ...site, root: await mkdtemp(join(tmpdir(), 'container-')) };
    expect(await unreachable(place, own)).toMatch(
      /there is no folder .*Its server has it below .*block-file-.*container-/,
    );
    await mkdir(userFolder(own), { mode: 0o700 });
    expect(await unreachable(place, own)).toMatch(
      /there is no such file\. Either it was unlinked just now, or .*containers/,
    );
    await rm(own.root, { recursive: true });
    expect(await unreachable(place, own)).toMatch(/there is no folder/);
  });

  it('is not there for another user', async () => {
    expect(await unreachable({ ...place, user: 'somebody' })).toMatch(
      /belongs to the user somebody, and this process runs as/,
    );
  });

  it('is not opened through a link, nor in a folder that is one or that others may use', async () => {
    const moved = join(site.root, 'moved');
    await rename(path, moved);
    await symlink(moved, path);
    expect(await unreachable(place)).toMatch(/its file cannot be opened \(ELOOP\)/);
    await rm(path);
    await link(moved, path);
    (await BlockFile.open(place, site)).close();
    await chmod(userFolder(site), 0o755);
    expect(await unreachable(place)).toMatch(/others may use it: it must have the mode 0700/);
    await chmod(userFolder(site), 0o700);
    await rename(userFolder(site), moved + '-folder');
    await symlink(moved + '-folder', userFolder(site));
    expect(await unreachable(place)).toMatch(/is no folder/);
    await rm(userFolder(site));
    await rename(moved + '-folder', userFolder(site));
    await chmod(site.root, 0o777);
    expect(await unreachable(place)).toMatch(/has no sticky bit/);
  });

  it.each([
    ['has another token', () => ({ ...place, token: 'e'.repeat(32) })],
    ['has another size', () => ({ ...place, size: 6 })],
    ['is another file', async () => (await writeFile(path, Buffer.alloc(69)), place)],
    ['is cut short', async () => (await truncate(path, 10), place)],
    ['may be read by others', async () => (await chmod(path, 0o644), place)],
    ['is a folder', async () => (await rm(path), await mkdir(path), place)],
  ])('is not taken for the block where it %s', async (_what, change) => {
    expect(await unreachable(await change())).toMatch(/its file is another one|EISDIR/);
  });

  it('of another version is not read', async () => {
    const bytes = await readFile(path);
    bytes.writeUInt32LE(2, 8);
    await writeFile(path, bytes);
    const error = await failure(BlockFile.open(place, site));
    expect(error).toBeInstanceOf(StateError);
    expect(error.message).toMatch(/version 2 of its layout, and this process reads version 1/);
  });

  it('that was cut short while it was open is an error, and not read for ever', async () => {
    const file = await BlockFile.open(place, site);
    await truncate(path, 66);
    const error = await failure(Promise.resolve().then(() => file.read(0, 5)));
    expect(error).toBeInstanceOf(StateError);
    file.close();
  });

  it('is not made where there is one', async () => {
    expect((await failure(BlockFile.create(path, 5, TOKEN))).code).toBe('EEXIST');
  });

  it.each([
    [{ folder: '../../../../etc' }],
    [{ folder: '..' }],
    [{ file: '../alive' }],
    [{ file: 'passwd' }],
    [{ file: `${FILE}/..` }],
    [{ file: `${FILE}\n` }],
    [{ file: [FILE] }],
    [{ token: 'short' }],
    [{ size: 0 }],
    [{ size: 1.5 }],
    [{ size: 2 ** 60 }],
    [{ machine: 1 }],
  ])('is not looked for where a server says %j', (wrong) => {
    expect(() => placeOf({ ...place, ...wrong })).toThrow(ProtocolError);
    expect(() => placeOf(null)).toThrow(ProtocolError);
    expect(placeOf(place)).toEqual(place);
  });
});
