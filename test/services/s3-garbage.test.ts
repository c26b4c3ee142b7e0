import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { S3ArtifactStore } from '../../coordinator/artifacts/s3/s3-artifact-store.ts';
import { S3Bucket } from '../../coordinator/artifacts/s3/s3-bucket.ts';
import { S3Sweep } from '../../coordinator/artifacts/s3/s3-sweep.ts';
import type { Blob } from '../../domain/manifest.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { describeGarbage, type GarbageHarness } from '../conformance/garbage.ts';
import { eventually } from '../support/grove-process.ts';
import { openS3, S3_TARGETS, type S3Target } from '../support/s3-server.ts';

const clock = createSystemClock();

describe.each(S3_TARGETS)('on %s', (kind) => {
  let server: S3Target;
  beforeAll(async () => {
    server = await openS3(kind);
  });
  afterAll(() => server.stop());

  async function open() {
    const settings = server.settings({ prefix: 'farm/' });
    const store = await S3ArtifactStore.open({ settings, credentials: server.credentials, clock, verifies: true });
    const bucket = await S3Bucket.connect(settings, server.credentials, clock);
    const close = async () => {
      store.close();
      bucket.close();
    };
    return { store, bucket, sweep: new S3Sweep(bucket, clock), close };
  }

  /** Objects cannot be made older: the time moves on instead. */
  async function harness(): Promise<GarbageHarness> {
    const { store, close } = await open();
    let laterMs = 0;
    const age = async (byMs: number) => {
      laterMs += byMs;
    };
    return { store, sweep: store.sweep, now: () => clock.now() + laterMs, age, close };
  }

  describeGarbage('a bucket', harness);

  /** Blobs, and a time after which they were stored: S3 tells times in whole seconds. */
  async function oldBlobs(store: S3ArtifactStore, count: number) {
    const blobs = await Promise.all(Array.from({ length: count }, (_, index) => store.put(Buffer.from(`blob ${index}`))));
    const storedBy = clock.now();
    const before = await eventually(async () => clock.now() > storedBy + 2_000 && Math.floor(clock.now() / 1_000) * 1_000);
    return { before, old: blobs.map((blob: Blob) => ({ ...blob, storedAt: 0 })) };
  }

  it('keeps what is claimed while it removes, or the claim finds it gone', async () => {
    const { store, sweep, close } = await open();
    const { before, old } = await oldBlobs(store, 16);
    const claims = old.map(async ({ sha256 }) => {
      await sweep.claim(sha256);
      return { sha256, found: await store.head(sha256) };
    });
    const [removed, claimed] = await Promise.all([sweep.removeUnclaimed(old, before), Promise.all(claims)]);
    for (const { sha256, found } of claimed) expect([sha256, await store.head(sha256)]).toEqual([sha256, found]);
    expect(claimed.filter(({ found }) => found === undefined)).toHaveLength(removed.length);
    await close();
  });

  it('keeps what is stored again while it removes', async () => {
    const { store, sweep, close } = await open();
    const { before, old } = await oldBlobs(store, 8);
    const again = old.map((_, index) => store.put(Buffer.from(`blob ${index}`)));
    await Promise.all([sweep.removeUnclaimed(old, before), ...again]);
    for (const { sha256 } of old) expect(await store.head(sha256)).toBeDefined();
    await close();
  });

  it('stops when removing takes so long that its list might not be looked at any more', async () => {
    const { store, bucket, close } = await open();
    const { before, old } = await oldBlobs(store, 3);
    let calls = 0;
    const slow = { ...clock, now: () => clock.now(), monotonicMs: () => clock.monotonicMs() + calls++ * 61_000 };
    const removed = await new S3Sweep(bucket, slow).removeUnclaimed(old, before);
    expect(removed.map(({ sha256 }) => sha256)).toEqual([old[0]?.sha256]);
    await close();
  });

  it('removes on one coordinator at a time', async () => {
    const { store, bucket, sweep, close } = await open();
    const { before, old } = await oldBlobs(store, 1);
    await bucket.put('condemned/of-another', Buffer.from('[]'), {});
    await expect(sweep.removeUnclaimed(old, before)).rejects.toMatchObject({ code: 'already-running' });
    await bucket.remove('condemned/of-another');
    expect(await sweep.removeUnclaimed(old, before)).toHaveLength(1);
    await close();
  });

  it('drops unfinished uploads, old ones only', async () => {
    const { store, sweep, close } = await open();
    const blob = { sha256: 'a'.repeat(64), sizeBytes: 200_000_000 };
    expect((await store.grantPut(blob, clock.now())).parts).toHaveLength(3);
    expect(await sweep.dropUnfinished(clock.now() - 60_000)).toBe(0);
    expect(await sweep.dropUnfinished(clock.now() + 60_000)).toBe(1);
    expect(await sweep.dropUnfinished(clock.now() + 60_000)).toBe(0);
    await close();
  });
});
