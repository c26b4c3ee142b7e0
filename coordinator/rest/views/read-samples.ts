import { buffer } from 'node:stream/consumers';
import { GroveError } from '../../../domain/errors.ts';
import type { BenchmarkReport } from '../../../domain/report.ts';
import type { ArtifactStore } from '../../artifacts/artifact-store.ts';

const BYTES_PER_SAMPLE = 8;
/** All samples of a result: four million runs, which the longest tier stays below. What an agent calls samples may be anything. */
const MAX_BYTES = 33_554_432;

/**
 * Raw samples of a result, launch by launch, in the order they were taken; launches whose samples were not kept are left out. Throws `not-found`, and
 * `too-large` for more than a coordinator should hold.
 */
export async function readSamples({ launches, artifacts }: BenchmarkReport, store: Pick<ArtifactStore, 'open' | 'head'>) {
  const kept = launches.flatMap(({ index, samplesPath }) => {
    const blob = artifacts[samplesPath];
    return blob === undefined ? [] : [{ launch: index, sha256: blob.sha256 }];
  });
  const heads = await Promise.all(kept.map(({ sha256 }) => store.head(sha256)));
  const sizeBytes = heads.reduce((sum, head) => sum + (head?.sizeBytes ?? 0), 0);
  if (sizeBytes > MAX_BYTES) throw new GroveError('too-large', { what: 'The samples', sizeBytes, limitBytes: MAX_BYTES });
  return Promise.all(kept.map(async ({ launch, sha256 }) => ({ launch, samplesMs: decode(await buffer(await store.open(sha256))) })));
}

function decode(bytes: Buffer): Float64Array {
  const samples = new Float64Array(Math.floor(bytes.byteLength / BYTES_PER_SAMPLE));
  for (let index = 0; index < samples.length; index++) samples[index] = bytes.readDoubleLE(index * BYTES_PER_SAMPLE);
  return samples;
}
