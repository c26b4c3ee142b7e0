import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../coordinator/artifacts/artifact-store.ts';
import { collectGarbage, type GarbageReport } from '../../coordinator/artifacts/gc/collect-garbage.ts';
import type { Sweepable } from '../../coordinator/artifacts/gc/sweepable.ts';
import type { Blob } from '../../domain/manifest.ts';

/** A store, its garbage collection, and a way to let time pass: what is stored now was stored `byMs` ago afterwards. */
export interface GarbageHarness {
  readonly store: ArtifactStore;
  readonly sweep: Sweepable;
  now(): number;
  age(byMs: number): Promise<void>;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What collecting garbage must do on every artifact store. */
export function describeGarbage(name: string, open: () => Promise<GarbageHarness>): void {
  describe(`garbage in ${name}`, () => {
    let harness: GarbageHarness;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    const put = (text: string): Promise<Blob> => harness.store.put(Buffer.from(text));
    const isStored = async ({ sha256 }: Blob): Promise<boolean> => (await harness.store.head(sha256)) !== undefined;

    function collect(documents: readonly unknown[] = [], dryRun = false): Promise<GarbageReport> {
      const { store: artifacts, sweep } = harness;
      return collectGarbage({ artifacts, sweep, roots: () => each(documents), now: harness.now(), salt: 7, dryRun });
    }

    it('goes, but for what a document names in whatever place', async () => {
      const [named, nested, garbage] = [await put('named'), await put('nested'), await put('garbage')];
      await harness.age(2 * DAY_MS);
      const documents = [{ files: { a: named } }, [{ deep: { text: `see sha256:${nested.sha256}.` } }]];
      const report = await collect(documents);
      expect(report).toMatchObject({ documents: 2, blobs: 3, garbageBlobs: 1, garbageBytes: 7, removedBlobs: 1, removedBytes: 7 });
      expect(await Promise.all([named, nested, garbage].map(isStored))).toEqual([true, true, false]);
    });

    it('is only counted in a dry run', async () => {
      const garbage = await put('garbage');
      await harness.age(2 * DAY_MS);
      expect(await collect([], true)).toMatchObject({ garbageBlobs: 1, removedBlobs: 0 });
      expect(await isStored(garbage)).toBe(true);
    });

    it('is not what the archived document of a lost job names, for a month', async () => {
      const [model, other] = [await put('model'), await put('other')];
      const document = await put(JSON.stringify({ jobId: 'j-1', kind: 'job', spec: { files: { model } } }));
      await harness.age(2 * DAY_MS);
      await collect();
      expect(await Promise.all([model, document, other].map(isStored))).toEqual([true, true, false]);
      await harness.age(31 * DAY_MS);
      await collect();
      expect(await Promise.all([model, document].map(isStored))).toEqual([false, false]);
    });
  });
}

/** What is kept although nothing names it yet, on stores whose blobs a test can make older. */
export function describeClaims(name: string, open: () => Promise<GarbageHarness>, runs: number): void {
  describe(`claims in ${name}`, () => {
    let harness: GarbageHarness;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    const put = (text: string): Promise<Blob> => harness.store.put(Buffer.from(text));
    const isStored = async ({ sha256 }: Blob): Promise<boolean> => (await harness.store.head(sha256)) !== undefined;

    function collect(documents: readonly unknown[] = []): Promise<GarbageReport> {
      const { store: artifacts, sweep } = harness;
      return collectGarbage({ artifacts, sweep, roots: () => each(documents), now: harness.now(), salt: 7, dryRun: false });
    }

    it('stays for a day after it was stored, claimed, granted or stored again', async () => {
      const [claimed, granted, again, old] = [await put('claimed'), await put('granted'), await put('again'), await put('old')];
      await harness.age(2 * DAY_MS);
      const fresh = await put('fresh');
      await harness.store.claim(claimed.sha256, harness.now());
      expect(await harness.store.grantPut(granted, harness.now())).toMatchObject({ present: true });
      await put('again');
      expect(await collect()).toMatchObject({ removedBlobs: 1 });
      expect(await Promise.all([claimed, granted, again, old, fresh].map(isStored))).toEqual([true, true, true, false, true]);
      await harness.age(2 * DAY_MS);
      expect(await collect()).toMatchObject({ removedBlobs: 4 });
    });

    it('that is claimed while it is removed is either kept or known to be gone', async () => {
      const blobs = await Promise.all(Array.from({ length: 12 }, (_, index) => put(`contested ${index}`)));
      await harness.age(2 * DAY_MS);
      const claims = blobs.map(async (blob) => ({ blob, claimed: await harness.store.claim(blob.sha256, harness.now()) }));
      await collect();
      for (const { blob, claimed } of await Promise.all(claims))
        expect([claimed !== undefined, await isStored(blob)]).toSatisfy(isConsistent);
    });

    it('never includes a blob that something reaches, and all others once they are old', async () => {
      const step = fc.record({ do: fc.constantFrom('store', 'claim', 'wait'), which: fc.nat(3), hours: fc.integer({ min: 1, max: 20 }) });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 14 }), fc.subarray([0, 1, 2, 3]), fc.integer(), async (steps, named, seed) => {
          const model = new Map<number, { blob: Blob; storedHours: number; claimedHours: number }>();
          for (const { do: what, which, hours } of steps) {
            const known = model.get(which);
            if (what === 'store') model.set(which, { blob: await put(`${seed} ${which}`), storedHours: 0, claimedHours: 1_000 });
            else if (what === 'claim' && known !== undefined) {
              await harness.store.claim(known.blob.sha256, harness.now());
              known.claimedHours = 0;
            } else if (what === 'wait') {
              await harness.age(hours * HOUR_MS);
              for (const one of model.values()) [one.storedHours, one.claimedHours] = [one.storedHours + hours, one.claimedHours + hours];
            }
          }
          await collect([...model].filter(([which]) => named.includes(which)).map(([, { blob }]) => ({ blob })));
          for (const [which, { blob, storedHours, claimedHours }] of model) {
            // A claim on something young writes nothing: it is good for half a day only.
            if (named.includes(which) || storedHours < 24 || claimedHours < 12) expect(await isStored(blob)).toBe(true);
            else if (storedHours > 24 && claimedHours > 24) expect(await isStored(blob)).toBe(false);
          }
        }),
        { numRuns: runs },
      );
    });
  });
}

/** Claimed and there, or not there. */
function isConsistent([claimed, stored]: readonly boolean[]): boolean {
  return claimed === stored || stored === true;
}

async function* each(documents: readonly unknown[]): AsyncGenerator<unknown> {
  yield* documents;
}
