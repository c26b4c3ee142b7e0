import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import { isNativePassType } from '../../domain/passes/registry.ts';
import type { RecipePass } from '../../domain/recipe/recipe.ts';
import type { CompilePass, CompilePlan, InferenceSettings, Pass, PassReport, SessionPass, TargetFacts } from '../passes/pass.ts';
import { PASSES } from '../passes/registry.ts';

/** What the target passes of a recipe decided on this machine. */
export interface TargetPassesResult {
  /** Settings of the last pass that decided any; null: ONNX Runtime's defaults. */
  readonly inferenceSettings: InferenceSettings | null;
  /** How the execution provider is to compile the model; null when no pass asks for it. */
  readonly compile: CompilePlan | null;
  readonly reports: readonly PassReport[];
}

/**
 * Asks the target passes of a recipe (`planConversion`) on the benchmarked machine. The model file stays as it is.
 * Throws `unsupported-pass` for one without a native implementation, and `pass-failed` for settings Olive prunes and for compiling twice.
 */
export function runTargetPasses(passes: readonly RecipePass[], target: TargetFacts): TargetPassesResult {
  let result: TargetPassesResult = { inferenceSettings: null, compile: null, reports: [] };
  for (const pass of passes) result = decide(pass, target, result);
  return result;
}

function decide(pass: RecipePass, target: TargetFacts, known: TargetPassesResult): TargetPassesResult {
  const implementation = targetPassOf(pass);
  const parsed = implementation.manifest.params.safeParse(pass.params);
  if (!parsed.success) throw failed(pass, z.prettifyError(parsed.error));
  if (implementation.kind === 'session') {
    const { inferenceSettings, report } = implementation.decide(parsed.data, target);
    return { ...known, inferenceSettings, reports: [...known.reports, report] };
  }
  if (known.compile !== null) throw failed(pass, 'a pass before it has the model compiled already');
  const { compile, report } = implementation.plan(parsed.data);
  return { ...known, compile, reports: [...known.reports, report] };
}

function targetPassOf({ type, path, detail, known }: RecipePass): SessionPass | CompilePass {
  const implementation: Pass | undefined = isNativePassType(type) && known === 'native' ? PASSES[type] : undefined;
  if (implementation === undefined) throw new GroveError('unsupported-pass', { type, path, detail });
  if (implementation.kind === 'session' || implementation.kind === 'compile') return implementation;
  throw new GroveError('unsupported-pass', { type, path, detail: ' behind a pass that runs on the device' });
}

function failed({ type }: RecipePass, problem: string): GroveError {
  return new GroveError('pass-failed', { type, problem });
}
