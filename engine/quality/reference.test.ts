import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { int64Tensor } from '../runtime/tensor.ts';
import { type ReferenceBatch, readReferenceBatch, readReferenceManifest, writeReference } from './reference.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-reference-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const BATCHES: readonly ReferenceBatch[] = [
  { rows: 1, inputs: { ids: int64Tensor([1, 2], [1, 2]) }, outputs: [{ dtype: 'float32', dims: [1, 2], data: Float32Array.of(0.5, -1) }] },
  {
    rows: 2,
    inputs: { ids: int64Tensor([3, 4, 5, 6], [2, 2]) },
    outputs: [{ dtype: 'float32', dims: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
  },
];

async function* stream(batches: readonly ReferenceBatch[]): AsyncGenerator<ReferenceBatch> {
  yield* batches;
}

const write = (batches = BATCHES) =>
  writeReference(folder, { ortVersion: '1.30.0', inputNames: ['ids'], outputNames: ['y'] }, stream(batches));

async function editManifest(
  edit: (manifest: Record<string, unknown> & { batches: { outputs: { offset: number; sizeBytes: number; dims: number[] }[] }[] }) => void,
): Promise<void> {
  const path = join(folder, 'reference.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  edit(manifest);
  await writeFile(path, JSON.stringify(manifest));
}

describe('a Reference', () => {
  it('reads back what was written', async () => {
    const written = await write();
    const manifest = await readReferenceManifest(folder);
    expect(manifest).toEqual(written);
    expect(manifest.rows).toBe(3);
    expect(await Promise.all(BATCHES.map((_, i) => readReferenceBatch(folder, manifest, i)))).toEqual(BATCHES);
  });

  it('is none when no batch came', async () => {
    await expect(write([])).rejects.toThrow();
    await expect(readReferenceManifest(folder)).rejects.toMatchObject({ code: 'invalid-reference' });
  });

  it('refuses data files shorter than the manifest says', async () => {
    const manifest = await write();
    await truncate(join(folder, 'outputs.bin'), 20);
    expect(await readReferenceBatch(folder, manifest, 0)).toEqual(BATCHES[0]);
    await expect(readReferenceBatch(folder, manifest, 1)).rejects.toThrow(/it has 20 bytes; a tensor ends at 24/);
  });

  it.each([
    ['a size that does not fit the shape', (place: { sizeBytes: number }) => (place.sizeBytes = 4)],
    ['an absurd shape', (place: { dims: number[] }) => (place.dims = [4294967296, 4294967296])],
    ['a size over the limit', (place: { sizeBytes: number }) => (place.sizeBytes = 2 ** 40)],
    ['a negative offset', (place: { offset: number }) => (place.offset = -8)],
  ])('refuses %s', async (_, edit) => {
    await write();
    await editManifest((manifest) => {
      const place = manifest.batches[0]?.outputs[0];
      if (place) edit(place);
    });
    const reading = readReferenceManifest(folder).then((manifest) => readReferenceBatch(folder, manifest, 0));
    await expect(reading).rejects.toMatchObject({ code: 'invalid-reference' });
  });

  it('refuses another version', async () => {
    await write();
    await editManifest((manifest) => {
      manifest['schemaVersion'] = 2;
    });
    await expect(readReferenceManifest(folder)).rejects.toMatchObject({ code: 'invalid-reference' });
  });
});
