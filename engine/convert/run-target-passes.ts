import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { isNativePassType } from '../../domain/passes/registry.ts';
import type { RecipePass } from '../../domain/recipe/recipe.ts';
import type { InferenceSettings, Pass, PassReport, SessionDecision, TargetFacts } from '../passes/pass.ts';
import { PASSES } from '../passes/registry.ts';

/** What the target passes of a recipe decided on this machine. */
export interface TargetPassesResult {
  /** Settings of the last pass that decided any; null: ONNX Runtime's defaults. */
  readonly inferenceSettings: InferenceSettings | null;
  readonly reports: readonly PassReport[];
}

/**
 * Runs the target passes of a recipe (`planConversion`) on the benchmarked machine. The model file stays as it is.
 * Throws `unsupported-pass` for one without a native implementation, and `pass-failed` for settings Olive prunes.
 */
export function runTargetPasses(passes: readonly RecipePass[], target: TargetFacts): TargetPassesResult {
  const decisions = passes.map((pass) => decide(pass, target));
  return { inferenceSettings: decisions.at(-1)?.inferenceSettings ?? null, reports: decisions.map(({ report }) => report) };
}

function decide(pass: RecipePass, target: TargetFacts): SessionDecision {
  const { type, path, detail, known } = pass;
  const implementation: Pass | undefined = isNativePassType(type) && known === 'native' ? PASSES[type] : undefined;
  if (implementation === undefined) throw new GroveError('unsupported-pass', { type, path, detail });
  if (implementation.kind !== 'session') {
    throw new GroveError('unsupported-pass', { type, path, detail: ' behind a pass that runs on the device' });
  }
  const parsed = implementation.manifest.params.safeParse(pass.params);
  if (!parsed.success) throw new GroveError('pass-failed', { type, problem: z.prettifyError(parsed.error) });
  return implementation.decide(parsed.data, target);
}
