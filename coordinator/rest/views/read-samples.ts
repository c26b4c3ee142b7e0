import { buffer } from 'node:stream/consumers';
import type { BenchmarkReport } from '../../../domain/report.ts';
import type { ArtifactStore } from '../../artifacts/artifact-store.ts';

const BYTES_PER_SAMPLE = 8;

/** Raw samples of a result, launch by launch, in the order they were taken; launches whose samples were not kept are left out. Throws `not-found`. */
export async function readSamples({ launches, artifacts }: BenchmarkReport, store: Pick<ArtifactStore, 'open'>) {
  const kept = launches.flatMap(({ index, samplesPath }) => {
    const blob = artifacts[samplesPath];
    return blob === undefined ? [] : [{ launch: index, sha256: blob.sha256 }];
  });
  return Promise.all(kept.map(async ({ launch, sha256 }) => ({ launch, samplesMs: decode(await buffer(await store.open(sha256))) })));
}

function decode(bytes: Buffer): Float64Array {
  const samples = new Float64Array(Math.floor(bytes.byteLength / BYTES_PER_SAMPLE));
  for (let index = 0; index < samples.length; index++) samples[index] = bytes.readDoubleLE(index * BYTES_PER_SAMPLE);
  return samples;
}
