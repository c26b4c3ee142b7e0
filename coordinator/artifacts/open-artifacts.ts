import type { Clock } from '../../domain/ports.ts';
import type { ArtifactStore, JobIndex } from './artifact-store.ts';
import type { ArtifactsConfig } from './artifacts-config.ts';
import { FsArtifactStore } from './fs/fs-artifact-store.ts';
import { FsJobIndex } from './fs/fs-job-index.ts';
import { FsSweep } from './fs/fs-sweep.ts';
import type { Sweepable } from './gc/sweepable.ts';
import type { SignedBlobs } from './signed-blobs.ts';

/** The artifact store of a coordinator, whatever it is made of. */
export interface OpenArtifacts {
  readonly store: ArtifactStore;
  /** The receiving end of its URLs, when the coordinator itself serves them. */
  readonly signedBlobs: SignedBlobs | undefined;
  /** For garbage collection. */
  readonly sweep: Sweepable;
  /** Which blobs are documents of jobs. */
  readonly jobIndex: JobIndex;
  /** For health reports and logs. */
  readonly kind: ArtifactsConfig['kind'];
  /** How it is reached and what it proves, for the log. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Why it cannot be used now; empty when it can. */
  problem(): string;
  close(): void;
}

export interface OpenArtifactsRequest {
  readonly config: ArtifactsConfig;
  /** Blobs of the file system store live here. */
  readonly folder: string;
  readonly clock: Clock;
  /** Origin under which the coordinator serves `/artifacts/...`. */
  baseUrl(): string;
}

/** Throws what opening either store throws: `invalid-config`, `artifact-store-refused`, `artifact-store-unavailable`. */
export async function openArtifacts({ config, folder, clock, baseUrl }: OpenArtifactsRequest): Promise<OpenArtifacts> {
  if (config.kind === 'fs') {
    const store = await FsArtifactStore.open({ folder, baseUrl });
    const parts = { store, signedBlobs: store, sweep: new FsSweep(folder), jobIndex: new FsJobIndex(folder) };
    return { ...parts, kind: 'fs', facts: {}, problem: () => '', close: () => {} };
  }
  // Loaded only where it is used: a farm on one machine starts without the S3 client.
  const { S3ArtifactStore } = await import('./s3/s3-artifact-store.ts');
  const { settings, credentials } = config;
  const store = await S3ArtifactStore.open({ settings, credentials, clock });
  const { endpoint, bucket, prefix } = settings;
  return {
    store,
    signedBlobs: undefined,
    sweep: store.sweep,
    jobIndex: store.jobIndex,
    kind: 's3',
    facts: { endpoint, bucket, prefix, provenBy: store.verifies ? 'server' : 'coordinator' },
    problem: () => store.problem?.message ?? '',
    close: () => store.close(),
  };
}
