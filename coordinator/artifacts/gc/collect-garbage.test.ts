import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../platform/sha256.ts';
import { collectGarbage } from './collect-garbage.ts';
import type { StoredBlob } from './sweepable.ts';

const DAY_MS = 24 * 3_600_000;
const NOW = 100 * DAY_MS;

/** What is left of these texts, each stored that many days ago, after a collection with these documents in use. */
async function leftOf(blobs: readonly { readonly text: string; readonly days: number }[], roots: readonly unknown[]) {
  const stored = new Map(blobs.map(({ text, days }) => [sha256(text), { text, storedAt: NOW - days * DAY_MS }]));
  const list = (): StoredBlob[] =>
    [...stored].map(([digest, { text, storedAt }]) => ({ sha256: digest, sizeBytes: text.length, storedAt }));
  await collectGarbage({
    artifacts: { open: async (digest) => Readable.from([Buffer.from(stored.get(digest)?.text ?? '')]) },
    sweep: {
      async *blobs() {
        yield* list();
      },
      removeUnclaimed: async (found) => {
        for (const { sha256: digest } of found) stored.delete(digest);
        return found;
      },
      dropUnfinished: async () => 0,
    },
    async *roots() {
      yield* roots;
    },
    now: NOW,
    salt: 7,
    dryRun: false,
  });
  return [...stored.values()].map(({ text }) => text);
}

describe('collecting garbage', () => {
  const model = 'a model';
  const job = JSON.stringify({ jobId: 'j-1', kind: 'job', spec: { model: sha256(model) } });

  it('keeps what the archived document of a job names, also when the document itself is marked', async () => {
    const blobs = [
      { text: model, days: 40 },
      { text: job, days: 20 },
      { text: 'forgotten', days: 20 },
    ];
    expect(await leftOf(blobs, [])).toEqual([model, job]);
    expect(await leftOf(blobs, [{ archived: sha256(job) }])).toEqual([model, job]);
  });

  it('gives up what only a document names that is older than a month', async () => {
    const blobs = [
      { text: model, days: 40 },
      { text: job, days: 31 },
    ];
    expect(await leftOf(blobs, [])).toEqual([]);
  });
});
