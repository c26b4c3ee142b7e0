import { describe, expect, it } from 'vitest';
import type { CellCuration, CurationChange } from '../../../domain/curation.ts';
import { codeOf } from './farm.ts';
import { eachFarm, type StoreFactory } from './harness.ts';

const CELL = '0123456789abcdef';

/** What people say about cells. */
export function describeCurations(makeStore: StoreFactory): void {
  describe('curation', () => {
    const farm = eachFarm(makeStore);
    const say = (by: string, change: CurationChange, cellId = CELL) =>
      farm.current.store.curateCell({ now: farm.current.now, principal: { kind: 'user', name: by }, cellId, change });

    it('keeps baseline, acknowledgement and notes of each cell, with who and when', async () => {
      expect(await farm.current.store.curations()).toEqual(new Map());
      const at = farm.current.now;
      await say('ann', { kind: 'pin', taskIds: ['t-1', 't-2'], reason: '' });
      await farm.current.pass(5);
      await say('bob', { kind: 'acknowledge', state: 'regressed', reason: 'driver "32" <new>' });
      const answer = await say('ann', { kind: 'note', id: 'n-1', text: 'größer' });
      const curation: CellCuration = {
        baseline: { taskIds: ['t-1', 't-2'], reason: '', by: 'ann', at },
        acknowledged: { state: 'regressed', reason: 'driver "32" <new>', by: 'bob', at: at + 5 },
        notes: [{ id: 'n-1', text: 'größer', by: 'ann', at: at + 5 }],
      };
      expect(answer).toEqual(curation);
      await say('cat', { kind: 'unpin' }, 'f'.repeat(16));
      expect(await farm.current.store.curations()).toEqual(
        new Map<string, CellCuration>([
          [CELL, curation],
          ['f'.repeat(16), { baseline: null, acknowledged: null, notes: [] }],
        ]),
      );
    });

    it('loses nothing that several people say at once, and counts what comes twice once', async () => {
      const ids = Array.from({ length: 12 }, (_, index) => `n-${index}`);
      await Promise.all([...ids, ...ids].map((id) => say('ann', { kind: 'note', id, text: id })));
      const notes = (await farm.current.store.curations()).get(CELL)?.notes ?? [];
      expect(notes.map(({ id }) => id).sort()).toEqual([...ids].sort());
    });

    it('keeps nothing that could not be read again', async () => {
      const pin = (taskIds: string[]) => say('ann', { kind: 'pin', taskIds, reason: '' });
      await pin(['t-1']);
      const before = await farm.current.store.curations();
      expect(await codeOf(pin(['']))).toBe('invalid-request');
      expect(await codeOf(pin([]))).toBe('invalid-request');
      expect(await codeOf(pin(Array.from({ length: 1_001 }, (_, index) => `t-${index}`)))).toBe('invalid-request');
      expect(await farm.current.store.curations()).toEqual(before);
    });
  });
}
