import { expect, it } from 'vitest';
import { ProgressHub } from './progress-hub.ts';

it('remembers the last progress, told to whoever listens, until the attempt is over', () => {
  const hub = new ProgressHub();
  const heard: number[] = [];
  const unsubscribe = hub.subscribe((_taskId, { fraction }) => heard.push(fraction));
  hub.publish('t', { attempt: 1, stage: 'measure', fraction: 0.1, note: '' });
  hub.publish('t', { attempt: 1, stage: 'measure', fraction: 0.2, note: '' });
  unsubscribe();
  hub.publish('t', { attempt: 1, stage: 'measure', fraction: 0.3, note: '' });
  expect([heard, hub.latest('t')?.fraction]).toEqual([[0.1, 0.2], 0.3]);
  hub.forget('t');
  expect(hub.latest('t')).toBeUndefined();
});
