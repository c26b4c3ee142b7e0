import type { ResolveResult, ResolveSpec } from '../../domain/task.ts';
import { Pipeline } from '../runner/stage.ts';
import { type ResolvedSource, resolveSource } from './resolve.ts';
import { uploadSource } from './upload-source.ts';

/** A resolve as assigned. */
export interface ResolveStart {
  readonly spec: ResolveSpec;
}

/** The stages of a resolve, in the order of `domain/task.ts` STAGES. */
export const RESOLVE_TASK: Pipeline<ResolveStart, ResolveResult> = Pipeline.start<ResolveStart>()
  .stage('resolve', ({ spec }, context): Promise<ResolvedSource> => resolveSource(spec, context))
  .stage('upload', uploadSource);
