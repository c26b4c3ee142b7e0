import { expect, it } from 'vitest';
import { eventsOf } from './event-feed.ts';

it('leaves out events that only a newer version knows, and numbers the others as they were written', () => {
  const batch = JSON.stringify([
    ['r', 'digest'],
    ['z', 'from a later version'],
    ['h', 'host-1'],
  ]);
  expect(eventsOf('12-0', ['at', '1000', 'events', batch])).toEqual([
    { type: 'ready', requirementDigest: 'digest', sequence: 10, at: 1_000 },
    { type: 'host-free', hostId: 'host-1', sequence: 12, at: 1_000 },
  ]);
});
