import { formatDataColumns } from '../../domain/data-columns.ts';
import type { ImportedData } from '../../domain/imports.ts';
import type { JobSpec } from '../../domain/job.ts';
import type { Sha256 } from '../../domain/json.ts';
import { CPU_EP, type JobId } from '../../domain/names.ts';
import type { Catalogue } from '../../domain/recipe/catalogue.ts';
import { dataNeeds, missingRows } from '../../domain/recipe/conversion-data.ts';
import { planConversion } from '../../domain/recipe/conversion-plan.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import { isScripted } from '../../domain/recipe/user-scripts.ts';
import type { BenchmarkSpec, ResolveSpec } from '../../domain/task.ts';
import type { NewTask } from '../store/task-store.ts';
import { keyConversion } from './conversion-task.ts';
import type { ReadRecipe } from './findings.ts';
import { rowsFromHub } from './hub-rows.ts';
import { placeSelectors } from './place-selectors.ts';
import { type KnownDevice, type Placement, placeOn } from './placement.ts';
import { qualityBoundOf } from './quality-bound.ts';
import { resolveRequirement } from './requirements.ts';
import { localDataOf, modelIdentity, uploadedSource } from './source.ts';
import { makeStep, makeTask, type Step, unsatisfiable } from './step.ts';
import { type Support, supportOf } from './support.ts';

export interface RecipeContext {
  readonly jobId: JobId;
  readonly spec: JobSpec;
  readonly devices: readonly KnownDevice[];
  readonly catalogue: Catalogue;
  /** Rows that people brought to the farm. */
  readonly imported: readonly ImportedData[];
  readonly sha256: Sha256;
  /** Placements found before, by recipe and support: every model of a sweep runs on the same devices. */
  readonly placed: Map<string, readonly Placement[]>;
  /** Number of the first task that carries the job's own id. */
  readonly firstOrdinal: number;
}

/** One recipe -> the task that pins or converts its source, then one benchmark per placement. Throws `unsatisfiable`. */
export function expandRecipe(read: ReadRecipe, context: RecipeContext): readonly Step[] {
  const support = supportOfSubmit(read, context);
  const placements = placeBenchmarks(read, context, support);
  if (placements.length === 0) return [];
  const source = support.kind === 'unsupported' ? [] : [sourceStep(read, context, support)];
  const spec = benchmarkSpec(read, context, source);
  const needs = source.map(({ task }) => task.taskId);
  const firstOrdinal = context.firstOrdinal + source.filter(isOwn).length;
  const benchmarks = placements.map((placement, index): Step => {
    const facts = { taskId: taskIdOf(context.jobId, firstOrdinal + index), spec, needs };
    const ended = support.kind === 'unsupported' ? { endedAs: { state: 'failed', error: support.error } as const } : {};
    return makeStep(makeTask({ ...facts, ...ended }, placement, context.sha256), placement);
  });
  return [...source, ...benchmarks];
}

/** An uploaded model brings no rows along: what a pass of the recipe needs of them has to be on the farm already, or within reach of it. */
function supportOfSubmit({ recipe }: ReadRecipe, context: RecipeContext): Support {
  const { devices, spec, imported } = context;
  const support = supportOf(recipe, devices, spec);
  if (support.kind === 'unsupported' || spec.source.kind === 'hub') return support;
  const { data } = localDataOf(spec, recipe, imported);
  const needs = dataNeeds(planConversion(recipe).host);
  const fetched = new Set(rowsFromHub(recipe, context).map(({ name }) => name));
  const scripted = new Set(recipe.dataConfigs.filter((config) => isScripted(recipe, config)).map(({ name }) => name));
  const has = (name: string): boolean => Object.hasOwn(data, name) || fetched.has(name) || scripted.has(name);
  const error = missingRows(needs, { configs: recipe.dataConfigs, has, mayBeImported: true });
  return error === undefined ? support : { kind: 'unsupported', error: error.toReport() };
}

/** Whether a task carries its job's id; conversions belong to the farm. */
export function isOwn({ task }: Step): boolean {
  return task.spec.kind !== 'convert';
}

function taskIdOf(jobId: JobId, ordinal: number): string {
  return `${jobId}-${ordinal}`;
}

function placeBenchmarks(read: ReadRecipe, { spec, devices, placed }: RecipeContext, support: Support): readonly Placement[] {
  const key = `${read.ref.recipeId} ${read.ref.digest} ${support.kind}`;
  const placements = placed.get(key) ?? placeSelectors(read, { spec, devices, support });
  placed.set(key, placements);
  return placements;
}

/** The keyed conversion of an uploaded model, or the resolve task of a hub model or of rows that an imported model lacks. */
function sourceStep(read: ReadRecipe, context: RecipeContext, support: Support & { readonly kind: 'runnable' }): Step {
  const { spec, sha256, devices } = context;
  const local = localDataOf(spec, read.recipe, context.imported);
  const source = rowsFromHub(read.recipe, context).length > 0 ? undefined : uploadedSource(spec, local);
  const task =
    source === undefined
      ? resolveTask(read, context, local)
      : keyConversion(
          { recipe: read.ref, parsed: read.recipe, task: spec.task, strict: spec.strict, toolchains: support.hostToolchains },
          source,
          sha256,
        ).task;
  const { placements, refused } = placeOn(devices, task.requirement, 'any');
  const [placement] = placements;
  if (placement !== undefined) return makeStep(task, placement);
  if (!spec.waitForDevice && spec.followForMs === undefined)
    throw unsatisfiable(`the ${task.spec.kind} task of ${read.ref.recipeId}`, refused);
  return makeStep(task, { requirement: task.requirement, deviceModel: null, deviceNames: [] });
}

function resolveTask(
  { ref }: ReadRecipe,
  { spec, jobId, firstOrdinal, sha256 }: RecipeContext,
  local: ReturnType<typeof localDataOf>,
): NewTask {
  const model = modelToResolve(spec, sha256);
  const resolve: ResolveSpec = { kind: 'resolve', ...model, recipe: ref, localData: local.data, localFiles: local.files };
  return makeTask({ taskId: taskIdOf(jobId, firstOrdinal), spec: resolve, needs: [] }, { requirement: resolveRequirement() }, sha256);
}

function modelToResolve(spec: JobSpec, sha256: Sha256): Pick<ResolveSpec, 'modelId' | 'revision' | 'modelFiles'> {
  const { modelId, origin } = modelIdentity(spec, sha256);
  if (spec.source.kind === 'hub') return { modelId, revision: spec.source.revision };
  return { modelId, revision: origin.kind === 'hub' ? origin.revision : null, modelFiles: spec.source.files };
}

function benchmarkSpec(
  { ref, recipe }: ReadRecipe,
  { spec, catalogue, imported, sha256 }: RecipeContext,
  source: readonly Step[],
): BenchmarkSpec {
  const requestedEp = recipe.target.ep;
  const executedEp = spec.substituteEp === 'cpu' ? CPU_EP : requestedEp;
  const local = Object.entries(localDataOf(spec, recipe, imported).data).filter(([, { origin }]) => origin === 'local');
  const conversion = source[0]?.task.spec;
  return {
    kind: 'benchmark',
    recipe: ref,
    ...modelIdentity(spec, sha256),
    synthetic: spec.synthetic,
    requestedEp,
    executedEp,
    substitution: substitutionOf(recipe, spec),
    tier: spec.tier,
    launches: spec.launches,
    task: spec.task,
    qualityBound: qualityBoundOf({ recipeId: ref.recipeId, recipe, asked: spec.minCosine }, catalogue),
    localData: local.map(([name]) => name),
    localColumns: Object.fromEntries(
      local.map(([name, entry]) => [name, formatDataColumns(entry)] as const).filter(([, read]) => read !== ''),
    ),
    conversionKey: conversion?.kind === 'convert' ? conversion.conversionKey : null,
  };
}

/** Where the benchmark runs otherwise than the recipe asks; null where it does not, also when what was asked for is the recipe's own. */
function substitutionOf({ target }: Recipe, { substituteEp, substituteDevice }: JobSpec): BenchmarkSpec['substitution'] {
  if (substituteEp === 'cpu' && target.ep !== CPU_EP) return { kind: 'ep', requested: target.ep, executed: CPU_EP };
  if (substituteDevice === undefined || substituteDevice === target.device) return null;
  return { kind: 'device', requested: target.device, executed: substituteDevice };
}
