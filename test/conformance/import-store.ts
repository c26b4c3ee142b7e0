import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ImportStore, MAX_IMPORTED_RESULTS, MAX_IMPORTS } from '../../coordinator/imports/import-store.ts';
import { type ImportedResult, resultName } from '../../domain/imported-result.ts';
import { codeOf } from './task-store/farm.ts';

/** The imports of one farm under test. */
export interface ImportStoreHarness {
  /** As a coordinator opens them; again after a restart, and once per coordinator where several may share them. */
  open(): Promise<ImportStore>;
  close(): Promise<void>;
}

const blob = { sha256: 'a'.repeat(64), sizeBytes: 1 };
const who = { importedAt: 1, importedBy: 'local' };
const model = (modelId: string) => ({ modelId, revision: null, files: { 'config.json': blob }, synthetic: false, ...who });
const rows = (split: string) => ({ dataset: 'org/d', subset: null, split, path: 'rows.jsonl', blob, ...who });
const result = (modelId: string): ImportedResult => ({
  ...{ tool: 'csv', modelId, variant: 'fp16', deviceModel: 'NPU X', deviceClass: 'npu', ep: 'QNNExecutionProvider' },
  ...{ latencyMs: 5, isMean: false, minMs: null, maxMs: null, p90Ms: null, p99Ms: null, samples: 100 },
  ...{ throughputPerSecond: null, ortVersion: null, ...who },
});

/** What the imports of every farm must do. */
export function describeImportStore(name: string, start: () => Promise<ImportStoreHarness>): void {
  describe(`imports: ${name}`, () => {
    let harness: ImportStoreHarness;
    beforeEach(async () => {
      harness = await start();
    });
    afterEach(() => harness.close());

    it('begin empty', async () => {
      const store = await harness.open();
      expect([await store.models(), await store.data(), await store.results()]).toEqual([[], [], []]);
    });

    it('are remembered over a restart, in the order of their names', async () => {
      const store = await harness.open();
      await Promise.all([
        store.putModel(model('org/b')),
        store.putModel(model('org/a')),
        store.putData(rows('test')),
        store.putData(rows('dev')),
        store.putResults([result('org/b'), result('org/a')]),
      ]);
      for (const each of [store, await harness.open()]) {
        expect((await each.models()).map(({ modelId }) => modelId)).toEqual(['org/a', 'org/b']);
        expect(await each.data()).toEqual([rows('dev'), rows('test')]);
        expect(await each.results()).toEqual([result('org/a'), result('org/b')]);
      }
    });

    it('replace those of the same name and no other', async () => {
      const store = await harness.open();
      await store.putModel(model('org/a'));
      await store.putData(rows('dev'));
      await store.putData({ ...rows('dev'), subset: 'en' });
      await store.putModel({ ...model('org/a'), importedAt: 2 });
      await store.putData({ ...rows('dev'), importedAt: 2 });
      await store.putResults([result('org/a')]);
      await store.putResults([result('org/a'), { ...result('org/a'), latencyMs: 9 }]);
      expect(await store.results()).toMatchObject([{ latencyMs: 9 }]);
      expect(await store.models()).toMatchObject([{ importedAt: 2 }]);
      expect(await store.data()).toMatchObject([
        { subset: null, importedAt: 2 },
        { subset: 'en', importedAt: 1 },
      ]);
    });

    it('take results all or none, within a bound of their own', async () => {
      const store = await harness.open();
      const many = Array.from({ length: MAX_IMPORTED_RESULTS }, (_, index) => result(`org/${index}`));
      await store.putResults(many);
      expect(await codeOf(store.putResults([{ ...result('org/0'), latencyMs: 9 }, result('org/new')]))).toBe('invalid-request');
      expect((await store.results()).map(({ latencyMs }) => latencyMs)).not.toContain(9);
      await store.putResults([{ ...result('org/0'), latencyMs: 9 }]);
      await store.putModel(model('org/a'));
      expect((await store.results()).length).toBe(MAX_IMPORTED_RESULTS);
    });

    it('lose results that are removed by their names and nothing else, over a restart too', async () => {
      const store = await harness.open();
      await store.putModel(model('org/a'));
      await store.putData(rows('dev'));
      const others = [{ ...result('org/a'), ep: 'CPUExecutionProvider' }, { ...result('org/a'), variant: 'int8' }, result('org/b')];
      await store.putResults([result('org/a'), ...others]);
      await store.removeResults([]);
      await Promise.all([
        store.removeResults([resultName(result('org/a')), 'nothing']),
        store.removeResults([resultName(result('org/b'))]),
      ]);
      for (const each of [store, await harness.open()]) {
        expect((await each.results()).map(resultName)).toEqual(others.slice(0, 2).map(resultName));
        expect([await each.models(), await each.data()]).toEqual([[model('org/a')], [rows('dev')]]);
      }
      await store.putResults([result('org/a')]);
      expect(await store.results()).toContainEqual(result('org/a'));
    });

    it('are bounded; one that replaces another needs no room', async () => {
      const store = await harness.open();
      await Promise.all(Array.from({ length: MAX_IMPORTS - 1 }, (_, index) => store.putModel(model(`org/m${index}`))));
      await store.putData(rows('dev'));
      expect(await codeOf(store.putModel(model('org/more')))).toBe('invalid-request');
      expect(await codeOf(store.putData(rows('more')))).toBe('invalid-request');
      await store.putData({ ...rows('dev'), importedAt: 2 });
      expect(await store.models()).toHaveLength(MAX_IMPORTS - 1);
      // A thousand documents, each on the disk before the next.
    }, 120_000);
  });
}
