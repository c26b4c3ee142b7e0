import { expect, it } from 'vitest';
import { Followers } from './followers.ts';

it('wake those who wait again although an earlier reader of the name is late to leave', async () => {
  const followers = new Followers();
  const { signal } = new AbortController();
  const [staying, leaving] = [followers.nextChange('a', signal), followers.nextChange('a', signal)];
  followers.wake('a');
  await staying.changed;
  const again = followers.nextChange('a', signal);
  leaving.cancel();
  followers.wake('a');
  await again.changed;
});

it('let go of whoever is aborted, and of everybody at the end', async () => {
  const followers = new Followers();
  const reader = new AbortController();
  const [aborted, ended] = [followers.nextChange('a', reader.signal), followers.nextChange('b', new AbortController().signal)];
  reader.abort();
  followers.wakeAll();
  expect(await Promise.all([aborted.changed, ended.changed])).toEqual([undefined, undefined]);
});
