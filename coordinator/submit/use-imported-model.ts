import type { ImportedModel } from '../../domain/imports.ts';
import { type JobModel, type JobSpec, modelsOf } from '../../domain/job.ts';
import { NO_REVISION } from '../../domain/manifest.ts';

/** A job for a hub model that was imported is a job for its files: no agent asks a hub. A revision asked for must be the imported one. */
export function useImportedModel(spec: JobSpec, imported: readonly ImportedModel[]): JobSpec {
  const models = modelsOf(spec).map((model) => useImported(model, imported));
  return { ...spec, ...models[0], ...(spec.sweep !== undefined && { sweep: { ...spec.sweep, models } }) };
}

function useImported(asked: JobModel, imported: readonly ImportedModel[]): JobModel {
  const { source } = asked;
  if (source.kind !== 'hub') return asked;
  const model = imported.find(({ modelId, revision }) => modelId === source.modelId && (source.revision ?? revision) === revision);
  if (model === undefined) return asked;
  const origin = { kind: 'hub', id: model.modelId, revision: model.revision ?? NO_REVISION } as const;
  return { source: { kind: 'uploaded', files: model.files, origin }, synthetic: asked.synthetic || model.synthetic };
}
