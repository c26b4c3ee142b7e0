import { expect, it } from 'vitest';
import { cellCurationSchema, checkCuration, curate, MAX_BASELINE_TASKS, UNCURATED } from './curation.ts';

const ANN = { by: 'ann', at: 1_000 };

it('pins, acknowledges and notes independently, each with who and when', () => {
  const pinned = curate(UNCURATED, { kind: 'pin', taskIds: ['t-1'], reason: 'release 4' }, ANN);
  const known = curate(pinned, { kind: 'acknowledge', state: 'regressed', reason: 'driver 32' }, { by: 'bob', at: 2_000 });
  expect(curate(known, { kind: 'note', id: 'n-1', text: 'asked the vendor' }, ANN)).toEqual({
    baseline: { taskIds: ['t-1'], reason: 'release 4', ...ANN },
    acknowledged: { state: 'regressed', reason: 'driver 32', by: 'bob', at: 2_000 },
    notes: [{ id: 'n-1', text: 'asked the vendor', ...ANN }],
  });
  expect(curate(curate(known, { kind: 'unpin' }, ANN), { kind: 'withdraw' }, ANN)).toEqual(UNCURATED);
});

it('counts a note that comes twice once, and keeps the newest fifty', () => {
  let curation = UNCURATED;
  for (let index = 0; index < 60; index++) {
    const note = { kind: 'note', id: `n-${index}`, text: `${index}` } as const;
    curation = curate(curate(curation, note, ANN), note, ANN);
  }
  expect(curation.notes.map(({ text }) => text)).toEqual(Array.from({ length: 50 }, (_, index) => `${index + 10}`));
  expect(cellCurationSchema.parse(curation)).toEqual(curation);
});

it('refuses what no reader would take back, by its place', () => {
  const pinned = (taskIds: string[]) => curate(UNCURATED, { kind: 'pin', taskIds, reason: '' }, ANN);
  const ids = (count: number) => Array.from({ length: count }, (_, index) => `t-${index}`);
  expect(() => checkCuration(pinned(ids(MAX_BASELINE_TASKS)))).not.toThrow();
  expect(() => checkCuration(UNCURATED)).not.toThrow();
  expect(() => checkCuration(pinned(ids(MAX_BASELINE_TASKS + 1)))).toThrow('baseline.taskIds');
  expect(() => checkCuration(pinned(['t-1', '']))).toThrow('baseline.taskIds.1: not an identifier');
});
