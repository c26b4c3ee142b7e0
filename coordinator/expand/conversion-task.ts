import { ENGINE_ORT_VERSION } from '../../domain/constants.ts';
import type { JobSpec } from '../../domain/job.ts';
import type { Sha256 } from '../../domain/json.ts';
import { type SourceManifest, sourceDigest } from '../../domain/manifest.ts';
import { conversionKey, conversionKeyInput } from '../../domain/recipe/conversion-plan.ts';
import { overrideTask } from '../../domain/recipe/override-task.ts';
import { parseRecipeDocument } from '../../domain/recipe/parse-recipe.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import { USER_SCRIPT_CAPABILITY } from '../../domain/recipe/user-scripts.ts';
import type { ConvertSpec, RecipeRef } from '../../domain/task.ts';
import type { NewTask } from '../store/task-store.ts';
import { convertRequirement } from './requirements.ts';
import { makeTask } from './step.ts';

/** A conversion before its source is known: which recipe, exported for which task, by agents with which toolchains. */
export interface ConversionIntent {
  readonly recipe: RecipeRef;
  /** The recipe, parsed from `recipe.text`. */
  readonly parsed: Recipe;
  /** Replaces the recipe's task; null leaves it. */
  readonly task: JobSpec['task'];
  readonly strict: boolean;
  /** Of these the first takes part; there is one at most. */
  readonly toolchains: readonly string[];
}

export interface KeyedConversion {
  readonly conversionKey: string;
  /** `c-<key>`: shared by every job that needs these bytes; `c-<key>.strict` by every strict one. */
  readonly task: NewTask;
}

/** Links an intent to its farm-level conversion now that the source is known. Pure: equal intents and sources give one task. */
export function keyConversion(intent: ConversionIntent, source: SourceManifest, sha256: Sha256): KeyedConversion {
  const [toolchain = null] = intent.toolchains;
  const facts = { sourceDigest: sourceDigest(source, sha256), ortVersion: ENGINE_ORT_VERSION, toolchainLock: toolchain };
  const key = conversionKey(conversionKeyInput(effectiveRecipe(intent, sha256), facts), sha256);
  const spec: ConvertSpec = {
    kind: 'convert',
    conversionKey: key,
    recipe: intent.recipe,
    source,
    task: intent.task,
    strict: intent.strict,
    ...(toolchain !== null && { toolchain }),
  };
  const task = makeTask(
    { taskId: conversionTaskId(key, intent), spec, needs: [] },
    { requirement: convertRequirement(intent.toolchains, intent.parsed.userScripts.length > 0 ? [USER_SCRIPT_CAPABILITY] : []) },
    sha256,
  );
  return { conversionKey: key, task };
}

/** Strict jobs share a conversion among themselves: one that others share has not been judged, and theirs would fail them. */
function conversionTaskId(key: string, { strict }: ConversionIntent): string {
  return strict ? `c-${key}.strict` : `c-${key}`;
}

function effectiveRecipe({ parsed, task }: ConversionIntent, sha256: Sha256): Recipe {
  if (task === null) return parsed;
  return parseRecipeDocument(overrideTask(parsed.document, task), { name: parsed.name, sha256 }).recipe;
}
