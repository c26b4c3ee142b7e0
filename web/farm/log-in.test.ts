import { expect, it } from 'vitest';
import { LogIn } from './log-in.ts';

function heard(logIn: LogIn): boolean[] {
  const told: boolean[] = [];
  logIn.onChange((isNeeded) => told.push(isNeeded));
  return told;
}

it('is not needed until the farm refuses, and tells of it once', () => {
  const logIn = new LogIn();
  const told = heard(logIn);
  expect(logIn.isNeeded).toBe(false);
  logIn.refused(logIn.count);
  logIn.refused(logIn.count);
  expect([logIn.isNeeded, told]).toEqual([true, [true]]);
});

it('is over when somebody has logged in, also for what was asked before and is answered late', () => {
  const logIn = new LogIn();
  const told = heard(logIn);
  const before = logIn.count;
  logIn.refused(before);
  logIn.done();
  logIn.refused(before);
  expect([logIn.isNeeded, told]).toEqual([false, [true, false]]);
});

it('is needed again when a session has ended', () => {
  const logIn = new LogIn();
  logIn.done();
  logIn.refused(logIn.count);
  expect(logIn.isNeeded).toBe(true);
});

it('tells nobody who has left', () => {
  const logIn = new LogIn();
  const told: boolean[] = [];
  logIn.onChange((isNeeded) => told.push(isNeeded))();
  logIn.refused(0);
  expect(told).toEqual([]);
});
