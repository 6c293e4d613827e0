import { describe, expect, it } from '@jest/globals';
import { claimValue, parseClaim, stateOfClaim } from './claim.js';

const mine = claimValue({ name: 'a:b', generation: 7, nonce: 'x-_1' });

describe('a claim', () => {
  it('says who made it', () => {
    expect(parseClaim(mine)).toEqual({ name: 'a:b', generation: 7, nonce: 'x-_1' });
    expect(parseClaim('seven:x:a')).toBeUndefined();
  });

  it.each([
    ['alive', 'its own', mine],
    ['superseded', 'that of a newer generation', '8:y:a:b'],
    ['absent', 'that of an older generation', '6:y:a:b'],
    ['absent', 'that of another start of the same number', '7:y:a:b'],
    ['absent', 'nothing', null],
    ['absent', 'what is no claim', 'whatever'],
  ])('is %s where %s stands there', (state, _what, found) => {
    expect(stateOfClaim(found, mine)).toBe(state);
  });
});
