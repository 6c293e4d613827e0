import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../protocol/errors.js';
import { formatAddress, isLocal, parseAddress } from './address.js';

describe('an address', () => {
  it('names a Unix socket by its path, as it stands', () => {
    expect(parseAddress('unix:///run/my app%20.sock')).toEqual({ kind: 'unix', path: '/run/my app%20.sock' });
  });

  it('names a host and a port, IPv6 in brackets', () => {
    expect(parseAddress('tcp://127.0.0.1:7000')).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 7000 });
    expect(parseAddress('tcp://[::1]:0')).toEqual({ kind: 'tcp', host: '::1', port: 0 });
    expect(parseAddress('tcp://[fe80::1%eth0]:1')).toEqual({ kind: 'tcp', host: 'fe80::1%eth0', port: 1 });
    expect(parseAddress('tcp://some-host.example:65535')).toMatchObject({ host: 'some-host.example', port: 65_535 });
  });

  it('is read as it was written', () => {
    for (const text of ['unix:///a/b', 'tcp://[::1]:9', 'tcp://localhost:1']) {
      expect(formatAddress(parseAddress(text))).toBe(text);
    }
  });

  it.each([
    ['', 'An address reads'],
    ['/tmp/a.sock', 'An address reads'],
    ['http://localhost:80', 'An address reads'],
    ['unix://relative.sock', 'an absolute path'],
    ['unix:///folder/', 'an absolute path'],
    ['unix:///a\0b', 'an absolute path'],
    [`unix:///${'x'.repeat(200)}`, 'choose a shorter one'],
    ['tcp://localhost', 'tcp://host:port'],
    ['tcp://::1:80', 'in brackets'],
    ['tcp://localhost:65536', 'up to 65535'],
    ['tcp://user@host:1', 'tcp://host:port'],
    ['tcp://host:1/path', 'tcp://host:port'],
    ['pipe://a\\b', 'made of letters'],
    ['pipe://fine', 'Named pipes are of Windows'],
  ])('is refused in a whole sentence: %j', (text, says) => {
    expect(() => parseAddress(text)).toThrow(ConfigurationError);
    expect(() => parseAddress(text)).toThrow(says);
  });

  it('is refused where it is no text', () => {
    expect(() => parseAddress(undefined as unknown as string)).toThrow(ConfigurationError);
  });

  it('is local where no other machine reaches it', () => {
    for (const text of ['unix:///a', 'tcp://127.0.0.1:1', 'tcp://127.8.9.1:1', 'tcp://[::1]:1', 'tcp://localhost:1']) {
      expect(isLocal(parseAddress(text))).toBe(true);
    }
    for (const text of ['tcp://0.0.0.0:1', 'tcp://[::]:1', 'tcp://10.0.0.1:1', 'tcp://127.0.0.1.example:1']) {
      expect(isLocal(parseAddress(text))).toBe(false);
    }
  });
});
