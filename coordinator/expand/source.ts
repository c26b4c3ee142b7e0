import { IMPORTED_ROWS, type ImportedData, isSameSplit } from '../../domain/imports.ts';
import type { JobSpec } from '../../domain/job.ts';
import type { Sha256 } from '../../domain/json.ts';
import { type FileMap, modelIdOf, NO_REVISION, type SourceManifest, type SourceOrigin } from '../../domain/manifest.ts';
import type { DataConfig, Recipe } from '../../domain/recipe/recipe.ts';

/** Rows on the farm that this recipe reads: others must not reach its conversion key. */
export interface LocalData {
  readonly data: JobSpec['data'];
  readonly files: FileMap;
}

/** The submitter's rows, and for data configs without any the imported rows of the data set they name. */
export function localDataOf(spec: JobSpec, recipe: Recipe, imported: readonly ImportedData[]): LocalData {
  const found = recipe.dataConfigs.map((config) => submittedRows(spec, config) ?? importedRows(imported, config));
  return {
    data: Object.assign({}, ...found.map((rows) => rows?.data ?? {})),
    files: Object.assign({}, ...found.map((rows) => rows?.files ?? {})),
  };
}

function submittedRows({ data, dataFiles }: JobSpec, { name }: DataConfig): LocalData | undefined {
  const entry = data[name];
  const blob = entry && dataFiles[entry.path];
  return entry === undefined || blob === undefined ? undefined : { data: { [name]: entry }, files: { [entry.path]: blob } };
}

function importedRows(imported: readonly ImportedData[], { name, source }: DataConfig): LocalData | undefined {
  const { dataset, subset } = source;
  if (dataset === null) return undefined;
  const split = source.split.replace(/\[.*$/, '');
  const rows = imported.find((candidate) => isSameSplit(candidate, { dataset, subset, split }));
  if (rows === undefined) return undefined;
  const path = `${IMPORTED_ROWS}${name}${/\.[a-z0-9]{1,10}$/i.exec(rows.path)?.[0].toLowerCase() ?? ''}`;
  return { data: { [name]: { path, origin: 'hub' } }, files: { [path]: rows.blob } };
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
  if (source.kind === 'hub') return { modelId: source.modelId, origin: { kind: 'hub', id: source.modelId, revision: NO_REVISION } };
  const manifest: SourceManifest = { schemaVersion: 1, files: source.files, data: {} };
  return { modelId: modelIdOf(manifest, source.origin, sha256), origin: source.origin };
}
