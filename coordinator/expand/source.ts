import type { JobSpec } from '../../domain/job.ts';
import type { Sha256 } from '../../domain/json.ts';
import { type FileMap, modelIdOf, type SourceManifest, type SourceOrigin } from '../../domain/manifest.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';

/** Git's own name for "no commit": stands in a hub source's origin until its resolve task has pinned the revision. */
export const UNRESOLVED_REVISION = '0'.repeat(40);

/** The submitter's rows that this recipe reads: others must not reach its conversion key. */
export interface LocalData {
  readonly data: JobSpec['data'];
  readonly files: FileMap;
}

export function localDataOf(spec: JobSpec, recipe: Recipe): LocalData {
  const names = new Set(recipe.dataConfigs.map(({ name }) => name));
  const data = Object.fromEntries(Object.entries(spec.data).filter(([name]) => names.has(name)));
  const paths = new Set(Object.values(data).map(({ path }) => path));
  return { data, files: Object.fromEntries(Object.entries(spec.dataFiles).filter(([path]) => paths.has(path))) };
}

/** The pinned source of an uploaded model for one recipe; undefined for a hub model, which a resolve task pins. */
export function uploadedSource(spec: JobSpec, local: LocalData): SourceManifest | undefined {
  if (spec.source.kind !== 'uploaded') return undefined;
  return { schemaVersion: 1, files: { ...spec.source.files, ...local.files }, data: local.data };
}

export interface ModelIdentity {
  readonly modelId: string;
  readonly origin: SourceOrigin;
}

export function modelIdentity(spec: JobSpec, sha256: Sha256): ModelIdentity {
  const { source } = spec;
  if (source.kind === 'hub') return { modelId: source.modelId, origin: { kind: 'hub', id: source.modelId, revision: UNRESOLVED_REVISION } };
  const manifest: SourceManifest = { schemaVersion: 1, files: source.files, data: {} };
  return { modelId: modelIdOf(manifest, source.origin, sha256), origin: source.origin };
}
