import { lstatSync } from 'node:fs';
import * as os from 'node:os';
import { describe, expect, it, jest } from '@jest/globals';

jest.unstable_mockModule('node:os', () => ({
  ...os,
  // As it is in a container that runs as a number.
  userInfo: () => {
    throw new Error('A system error occurred: uv_os_get_passwd returned ENOENT (no such file or directory)');
  },
}));
const { defaultAddress, privateFolder } = await import('./private-folder.js');

describe('the folder of a user without a name', () => {
  it('is had all the same, and addresses in it', async () => {
    const folder = await privateFolder();
    expect(lstatSync(folder).uid).toBe(process.getuid?.());
    expect(await defaultAddress()).toContain(folder);
  });
});
