import { describe, expect, it } from '@jest/globals';
import { redactedUrl } from './redacted-url.js';

describe('redactedUrl', () => {
  it('shows the address without its secrets', () => {
    expect(redactedUrl('redis://app:s3cret@cache:6380/2')).toBe('redis://app:***@cache:6380/2');
    expect(redactedUrl('rediss://:s3cret@cache')).toBe('rediss://:***@cache');
    expect(redactedUrl('redis://cache:6379?password=s3cret')).toBe('redis://cache:6379?***');
  });

  it('leaves an address without secrets as it is', () => {
    expect(redactedUrl('redis://localhost:6379')).toBe('redis://localhost:6379');
  });

  it('shows nothing of what it cannot read', () => {
    expect(redactedUrl('s3cret@cache')).toBe('(unreadable)');
  });
});
