import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Absence, BeatCounter, beatInterval, Moment, ReadingClock } from './index.js';

/** Wall clock and monotonic clock, as a test sets them. */
let monotonic = 0;
let wall = 0;

beforeEach(() => {
  monotonic = 1000;
  wall = 1_700_000_000_000;
  jest.spyOn(performance, 'now').mockImplementation(() => monotonic);
  jest.spyOn(Date, 'now').mockImplementation(() => wall);
});
afterEach(() => {
  jest.restoreAllMocks();
});

function pass(ms: number): void {
  monotonic += ms;
  wall += ms;
}

describe('elapsed time', () => {
  it('is the larger of the monotonic and the wall clock', () => {
    const moment = new Moment();
    monotonic += 5;
    expect(moment.elapsed()).toBe(5);
    wall += 60_000; // the machine was suspended
    expect(moment.elapsed()).toBe(60_000);
    wall -= 3_600_000; // the clock was set back
    expect(moment.elapsed()).toBe(5);
  });
});

describe('the absence of the lease of another one', () => {
  /** So many looks, so many ms apart: whether it was absent for a lease at the last one. */
  const looks = (absence: Absence, count: number, ms: number): boolean => {
    let lost = false;
    for (let i = 0; i < count; i++) {
      pass(ms);
      lost = absence.seen();
    }
    return lost;
  };

  it('is a lease of looks', () => {
    const absence = new Absence(600);
    expect(looks(absence, 6, 100)).toBe(false);
    expect(looks(absence, 1, 100)).toBe(true);
  });

  it('is not told by a wall clock that is set, nor by a pause in which nobody looked', () => {
    const absence = new Absence(600);
    looks(absence, 2, 100);
    wall += 3_600_000;
    expect(absence.seen()).toBe(false);
    pass(3_600_000);
    expect(absence.seen()).toBe(false);
  });

  it('is counted anew once it was there', () => {
    const absence = new Absence(600);
    looks(absence, 6, 100);
    absence.over();
    expect(looks(absence, 6, 100)).toBe(false);
  });
});

describe('the interval of beats', () => {
  it('is a sixth of the lease, and no busy loop for a tiny one', () => {
    expect(beatInterval(30_000)).toBe(5000);
    expect(beatInterval(60)).toBe(20);
  });
});

describe('the count of a lease by its beats', () => {
  it('begins at the sending of the beat that was acknowledged, not at the acknowledgement', () => {
    const beats = new BeatCounter();
    pass(100);
    const number = beats.next();
    pass(700);
    expect(beats.acknowledged(number)).toBe(true);
    expect(beats.elapsed()).toBe(700);
  });

  it('goes on from the beginning while nothing is acknowledged', () => {
    const beats = new BeatCounter();
    for (let i = 0; i < 3; i++) {
      pass(100);
      beats.next();
    }
    expect([beats.elapsed(), beats.unanswered]).toEqual([300, 3]);
  });

  it('takes an acknowledgement for all beats before it', () => {
    const beats = new BeatCounter();
    const [, second, third] = [beats.next(), beats.next(), beats.next()];
    expect(beats.acknowledged(second)).toBe(true);
    expect(beats.unanswered).toBe(1);
    expect(beats.acknowledged(third)).toBe(true);
    expect(beats.unanswered).toBe(0);
  });

  it('is not prolonged by an acknowledgement that is repeated, late, or of nothing that was sent', () => {
    const beats = new BeatCounter();
    const first = beats.next();
    pass(50);
    const second = beats.next();
    beats.acknowledged(second);
    pass(400);
    for (const echo of [first, second, second + 1, 0, -1, 1.5]) expect(beats.acknowledged(echo)).toBe(false);
    expect(beats.elapsed()).toBe(400);
  });
});

describe('the time in which beats could be read', () => {
  it('goes on while the inbox is read to its end again and again', () => {
    const clock = new ReadingClock(1500);
    clock.drained();
    for (let i = 0; i < 4; i++) {
      pass(1000);
      clock.drained();
    }
    expect(clock.now()).toBe(4000);
  });

  it('stands still while nothing is read', () => {
    const clock = new ReadingClock(1500);
    pass(10_000);
    expect(clock.now()).toBe(0);
    clock.drained();
    pass(60_000);
    expect(clock.now()).toBe(0);
  });

  it('counts no more than one step of a pause', () => {
    const clock = new ReadingClock(1500);
    clock.drained();
    pass(60_000); // a paused process, a blocked loop, a medium that was away
    clock.drained();
    expect(clock.now()).toBe(1500);
  });

  it('counts from when a beat came, and not from the read before it', () => {
    const clock = new ReadingClock(250);
    clock.drained();
    pass(240);
    const heard = clock.arrival();
    for (let i = 0; i < 4; i++) {
      pass(250);
      clock.drained();
    }
    // The first of these reads moved it on by no more than a step.
    expect(clock.now() - heard).toBe(760);
  });

  it('lets no pause before a beat count against it, and nothing come before time that is known', () => {
    const clock = new ReadingClock(250);
    expect(clock.arrival()).toBe(0);
    clock.drained();
    pass(60_000);
    expect(clock.arrival()).toBe(250);
    clock.drained();
    expect(clock.arrival()).toBe(clock.now());
    pass(100);
    clock.interrupted();
    expect(clock.arrival()).toBe(clock.now());
  });

  it('takes no notice of a wall clock that is set, or goes on while the machine is suspended', () => {
    const clock = new ReadingClock(1500);
    clock.drained();
    for (const jump of [3_600_000, -3_600_000, 60_000]) {
      pass(100);
      wall += jump;
      clock.drained();
    }
    expect(clock.now()).toBe(300);
  });

  it('counts nothing of the time in which the medium was away', () => {
    const clock = new ReadingClock(1500);
    clock.drained();
    pass(1000);
    clock.interrupted();
    pass(1000);
    clock.drained();
    expect(clock.now()).toBe(0);
    pass(1000);
    clock.drained();
    expect(clock.now()).toBe(1000);
  });
});
