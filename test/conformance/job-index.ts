import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArchivedJobEntry, JobIndex } from '../../coordinator/artifacts/artifact-store.ts';

export interface JobIndexHarness {
  readonly index: JobIndex;
  close(): Promise<void>;
}

const entry = (jobId: string, digit: string): ArchivedJobEntry => ({ jobId, sha256: digit.repeat(64) });

/** What every index of archived job documents must do. */
export function describeJobIndex(name: string, open: () => Promise<JobIndexHarness>): void {
  describe(`index of job documents: ${name}`, () => {
    let harness: JobIndexHarness;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    const entries = async (jobId?: string) => {
      const found: ArchivedJobEntry[] = [];
      for await (const one of harness.index.entries(jobId)) found.push(one);
      return found;
    };

    it('lists what was added, once, and of one job what is its own', async () => {
      expect(await entries()).toEqual([]);
      for (const one of [entry('j-2', 'b'), entry('j-1', 'a'), entry('j-2', 'b'), entry('j-2', 'c'), entry('j-22', 'd')])
        await harness.index.add(one);
      expect(await entries()).toEqual([entry('j-1', 'a'), entry('j-2', 'b'), entry('j-2', 'c'), entry('j-22', 'd')]);
      expect(await entries('j-2')).toEqual([entry('j-2', 'b'), entry('j-2', 'c')]);
      expect(await entries('j')).toEqual([]);
    });

    it('forgets what is removed, also when it is gone already', async () => {
      await harness.index.add(entry('j-1', 'a'));
      await harness.index.remove(entry('j-1', 'a'));
      await harness.index.remove(entry('j-1', 'a'));
      expect(await entries()).toEqual([]);
    });
  });
}
