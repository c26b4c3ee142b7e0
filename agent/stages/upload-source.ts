import type { ResolveResult } from '../../domain/task.ts';
import type { TaskContext } from '../runner/stage.ts';
import { uploadFiles } from '../transfer/upload.ts';
import type { ResolvedSource } from './resolve.ts';

/** Uploads what was resolved and joins it with what is on the farm already into one source. */
export async function uploadSource(
  { spec, revision, files, data, dataRevisions }: ResolvedSource,
  context: TaskContext,
): Promise<ResolveResult> {
  const uploaded = await uploadFiles(files, context);
  return {
    kind: 'resolve',
    source: { schemaVersion: 1, files: { ...spec.modelFiles, ...spec.localFiles, ...uploaded }, data: { ...data } },
    origin: {
      kind: 'hub',
      id: spec.modelId,
      revision,
      ...(Object.keys(dataRevisions).length > 0 && { dataRevisions: { ...dataRevisions } }),
    },
  };
}
