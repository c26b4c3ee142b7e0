import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../coordinator/artifacts/artifact-store.ts';
import { toGroveError } from '../../domain/errors.ts';
import type { Blob } from '../../domain/manifest.ts';
import type { Grant } from '../../domain/protocol.ts';
import { codeOf } from './task-store/farm.ts';

/** One artifact store under test, reachable over its own URLs. */
export interface ArtifactStoreHarness {
  readonly store: ArtifactStore;
  /** The time the store's URLs are checked against, epoch milliseconds. */
  now(): number;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;

/** What every artifact store must do. Bytes move as agents and the CLI move them: with the URL and headers of a grant and nothing else. */
export function describeArtifactStore(name: string, open: () => Promise<ArtifactStoreHarness>): void {
  describe(`artifact store: ${name}`, () => {
    let harness: ArtifactStoreHarness;
    const store = () => harness.store;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    const grantPut = (blob: Blob) => store().grantPut(blob, harness.now());
    /** Sends bytes as clients do, for as long as the store asks. */
    const deliver = async (blob: Blob, bytes: Uint8Array): Promise<string> => {
      for (;;) {
        const grant = await grantPut(blob).catch((error: unknown) => toGroveError(error).code);
        if (typeof grant === 'string') return grant;
        if (grant.present) return 'stored';
        if (!(await sendGranted(grant, bytes))) return 'refused';
        if (!grant.confirm) return 'stored';
      }
    };

    it('knows nothing of a blob nobody sent', async () => {
      const { blob } = sample('absent');
      expect(await store().head(blob.sha256)).toBeUndefined();
      expect(await codeOf(store().open(blob.sha256))).toBe('not-found');
      expect(await codeOf(store().grantGet(blob, harness.now()))).toBe('not-found');
    });

    it('keeps what it makes itself', async () => {
      const { bytes, blob } = sample('own');
      expect(await store().put(bytes)).toEqual(blob);
      expect(await store().put(bytes)).toEqual(blob);
      expect(await store().head(blob.sha256)).toEqual({ sizeBytes: blob.sizeBytes });
      expect(await read(store(), blob)).toEqual(bytes);
    });

    it('keeps the empty blob', async () => {
      const blob = await store().put(new Uint8Array());
      expect(await store().head(blob.sha256)).toEqual({ sizeBytes: 0 });
      expect(await read(store(), blob)).toEqual(new Uint8Array());
    });

    it('takes a blob over its URL, then says that it is present', async () => {
      const { bytes, blob } = sample('sent', 300_000);
      expect(await grantPut(blob)).toMatchObject({ sha256: blob.sha256, present: false });
      expect(await deliver(blob, bytes)).toBe('stored');
      expect(await read(store(), blob)).toEqual(bytes);
      expect(await grantPut(blob)).toMatchObject({ present: true, url: '' });
    });

    it('serves a blob over its URL, whole and in part', async () => {
      const { bytes, blob } = sample('served', 300_000);
      await store().put(bytes);
      const { url, headers } = await store().grantGet(blob, harness.now());
      expect(await bytesOf(await fetch(url, { headers }))).toEqual(bytes);
      const part = await fetch(url, { headers: { ...headers, range: 'bytes=100000-100009' } });
      expect([part.status, await bytesOf(part)]).toEqual([206, bytes.subarray(100_000, 100_010)]);
    });

    it('opens a range', async () => {
      const { bytes, blob } = sample('ranged', 1_000);
      await store().put(bytes);
      expect(await read(store(), blob, { first: 10, last: 19 })).toEqual(bytes.subarray(10, 20));
    });

    it('shows nothing of bytes with another digest or size', async () => {
      const { bytes, blob } = sample('announced');
      const other = sample('something').bytes;
      for (const wrong of [other.subarray(0, bytes.byteLength), bytes.subarray(1), new Uint8Array([...bytes, 0])]) {
        expect(await deliver(blob, wrong)).not.toBe('stored');
        expect(await store().head(blob.sha256)).toBeUndefined();
      }
      expect(await deliver(blob, bytes)).toBe('stored');
    });

    it('refuses URLs after their time', async () => {
      const { bytes, blob } = sample('late');
      const old = await store().grantPut(blob, harness.now() - HOUR_MS);
      expect(await sendGranted(old, bytes)).toBe(false);
      expect(await store().head(blob.sha256)).toBeUndefined();
      await store().put(bytes);
      const { url, headers } = await store().grantGet(blob, harness.now() - HOUR_MS);
      expect((await fetch(url, { headers })).ok).toBe(false);
    });

    it('refuses a URL moved to another blob or method', async () => {
      const [a, b] = [sample('first'), sample('other')];
      const grant = await grantPut(a.blob);
      const moved = { ...grant, url: movedTo(b.blob, grant.url, a.blob) };
      expect(await sendGranted(moved, b.bytes)).toBe(false);
      await store().put(a.bytes);
      expect((await fetch(grant.url, { headers: grant.headers })).ok).toBe(false);
      expect(await store().head(b.blob.sha256)).toBeUndefined();
    });

    it('takes one blob from many at once', async () => {
      // Several rounds: what a server makes of an object that is written while it is copied differs from one to the next.
      for (let round = 0; round < 3; round++) {
        const { bytes, blob } = sample(`popular ${round}`, 200_000);
        const outcomes = await Promise.all(Array.from({ length: 8 }, () => deliver(blob, bytes)));
        expect(outcomes).toEqual(outcomes.map(() => 'stored'));
        expect(await read(store(), blob)).toEqual(bytes);
      }
    });

    it('refuses a known digest with another size', async () => {
      const { bytes, blob } = sample('sized');
      await store().put(bytes);
      const lie = { ...blob, sizeBytes: blob.sizeBytes + 1 };
      expect(await codeOf(grantPut(lie))).toBe('size-mismatch');
      expect(await codeOf(store().grantGet(lie, harness.now()))).toBe('size-mismatch');
    });

    it('looks up nothing that is not a digest', async () => {
      for (const id of ['', '../../etc/passwd', 'A'.repeat(64), 'a'.repeat(63), `${'a'.repeat(64)}/x`]) {
        expect(await codeOf(store().open(id))).toBe('not-found');
      }
    });
  });
}

/** Bytes that follow from their name, with their digest. */
function sample(name: string, sizeBytes = name.length * 3): { readonly bytes: Uint8Array; readonly blob: Blob } {
  const bytes = new Uint8Array(sizeBytes).map((_, index) => (name.charCodeAt(index % name.length) + index * 7) % 256);
  return { bytes, blob: { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes } };
}

/** PUTs what a grant asks for; whether the store took it. */
async function sendGranted(grant: Grant, bytes: Uint8Array): Promise<boolean> {
  const whole = grant.url === '' ? [] : [{ ...grant, firstByte: 0, sizeBytes: bytes.byteLength }];
  for (const { url, headers, firstByte, sizeBytes } of [...whole, ...grant.parts]) {
    const answer = await fetch(url, { method: 'PUT', headers, body: bytes.subarray(firstByte, firstByte + sizeBytes) });
    await answer.arrayBuffer();
    if (!answer.ok) return false;
  }
  return true;
}

/** The URL of one blob, rewritten for another: by hexadecimal digest, whole or split over folders. */
function movedTo(to: Blob, url: string, from: Blob): string {
  return url.replaceAll(from.sha256.slice(2), to.sha256.slice(2)).replaceAll(`/${from.sha256.slice(0, 2)}`, `/${to.sha256.slice(0, 2)}`);
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

async function read(store: ArtifactStore, blob: Blob, range?: { readonly first: number; readonly last: number }): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await store.open(blob.sha256, range)) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}
