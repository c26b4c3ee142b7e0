import type { ImportedModel } from '../../domain/imports.ts';
import type { JobSpec } from '../../domain/job.ts';
import { NO_REVISION } from '../../domain/manifest.ts';

/** A job for a hub model that was imported is a job for its files: no agent asks a hub. A revision asked for must be the imported one. */
export function useImportedModel(spec: JobSpec, models: readonly ImportedModel[]): JobSpec {
  const { source } = spec;
  if (source.kind !== 'hub') return spec;
  const model = models.find(({ modelId, revision }) => modelId === source.modelId && (source.revision ?? revision) === revision);
  if (model === undefined) return spec;
  const origin = { kind: 'hub', id: model.modelId, revision: model.revision ?? NO_REVISION } as const;
  return { ...spec, source: { kind: 'uploaded', files: model.files, origin }, synthetic: spec.synthetic || model.synthetic };
}
