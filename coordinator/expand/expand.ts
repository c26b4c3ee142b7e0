import type { Plan } from '../../api/submit.ts';
import type { Device } from '../../domain/device.ts';
import { GroveError } from '../../domain/errors.ts';
import type { JobSpec } from '../../domain/job.ts';
import type { Sha256 } from '../../domain/json.ts';
import { lintRecipe } from '../../domain/lint/lint-recipe.ts';
import { lintSharedOutputFolders } from '../../domain/lint/shared-output-folders.ts';
import { CPU_EP, type JobId } from '../../domain/names.ts';
import type { Catalogue } from '../../domain/recipe/catalogue.ts';
import { type ParsedRecipe, parseRecipe } from '../../domain/recipe/parse-recipe.ts';
import type { Recipe } from '../../domain/recipe/recipe.ts';
import { normalizeRequirement, type Requirement, requirementDigest } from '../../domain/requirement.ts';
import { DEFAULT_RETRY } from '../../domain/retry.ts';
import type { BenchmarkSpec, RecipeRef, ResolveSpec } from '../../domain/task.ts';
import type { AgentRecord, NewTask } from '../store/task-store.ts';
import { type ConversionIntent, keyConversion } from './conversion-task.ts';
import { knownDevices, type Placement, type Placements, placeLater, placeOn, type RefusedDevice } from './placement.ts';
import { qualityBoundOf } from './quality-bound.ts';
import { localDataOf, modelIdentity, uploadedSource } from './source.ts';
import { type Support, supportOf } from './support.ts';

export interface ExpandInput {
  readonly jobId: JobId;
  readonly spec: JobSpec;
  /** The fleet as the store knows it now. */
  readonly agents: readonly AgentRecord[];
  readonly catalogue: Catalogue;
  readonly sha256: Sha256;
}

/** The tasks of a job and what its submitter is told about them. */
export interface Expansion {
  readonly tasks: readonly NewTask[];
  readonly plan: Pick<Plan, 'tasks' | 'warnings' | 'lint'>;
}

type PlanTask = Plan['tasks'][number];
type Step = { readonly task: NewTask; readonly plan: PlanTask };
type ReadRecipe = ParsedRecipe & { readonly ref: RecipeRef };

/**
 * Job -> tasks. Pure: the same job, catalogue and fleet give the same tasks.
 *
 * Each recipe becomes one benchmark per placement of its coverage and one shared conversion, keyed at once when the source was uploaded; a hub model
 * gets a resolve task first and its conversions are linked when that ends. A recipe that nobody can convert ends at once, so that the matrix shows why.
 *
 * Throws what `parseRecipe` throws, `missing-data` for a `--data` name that no recipe has, `lint` when the job is strict, and `unsatisfiable` with
 * each device's reasons unless the job waits for a device.
 */
export function expand(input: ExpandInput): Expansion {
  const { spec, sha256 } = input;
  const recipes = spec.recipes.map((ref): ReadRecipe => ({ ref, ...parseRecipe(ref.text, { name: ref.recipeId, sha256 }) }));
  refuseUnknownData(spec, recipes);
  const lint = lintAll(recipes);
  if (spec.strict) refuseFindings(lint);
  const devices = knownDevices(input.agents);
  const steps: Step[] = [];
  for (const recipe of recipes) {
    const known = new Set(steps.map(({ task }) => task.taskId));
    const own = expandRecipe(recipe, { ...input, devices, firstOrdinal: steps.filter(isOwn).length });
    steps.push(...own.filter(({ task }) => !known.has(task.taskId)));
  }
  const warnings = recipes.flatMap((recipe) => warningsOf(recipe, spec));
  return { tasks: steps.map(({ task }) => task), plan: { tasks: steps.map(({ plan }) => plan), warnings, lint } };
}

/** Whether a task carries this job's id; conversions belong to the farm. */
function isOwn({ task }: Step): boolean {
  return task.spec.kind !== 'convert';
}

interface RecipeContext extends ExpandInput {
  readonly devices: readonly Device[];
  readonly firstOrdinal: number;
}

function expandRecipe(read: ReadRecipe, context: RecipeContext): readonly Step[] {
  const { spec, devices } = context;
  const support = supportOf(read.recipe, devices);
  const base = benchmarkRequirement(read.recipe, spec, support);
  const placements = choosePlacements(read, context, { base, support });
  const sourceSteps = support.kind === 'unsupported' ? [] : sourceStepsOf(read, context, support);
  const benchmark = benchmarkSpec(read, context, sourceSteps);
  const needs = sourceSteps.map(({ task }) => task.taskId);
  const benchmarks = placements.map((placement, index): Step => {
    const taskId = taskIdOf(context.jobId, context.firstOrdinal + sourceSteps.filter(isOwn).length + index);
    return benchmarkStep({ taskId, benchmark, needs, support, placement, sha256: context.sha256 });
  });
  return [...sourceSteps, ...benchmarks];
}

function taskIdOf(jobId: JobId, ordinal: number): string {
  return `${jobId}-${ordinal}`;
}

function choosePlacements(read: ReadRecipe, { spec, devices }: RecipeContext, need: { base: Requirement; support: Support }): readonly Placement[] {
  const found = placeOn(devices, need.base, spec.coverage);
  if (found.placements.length > 0) return found.placements;
  if (spec.waitForDevice || need.support.kind === 'unsupported') return placeLater(need.base, spec.coverage);
  throw unsatisfiable(read, need.base, found);
}

const MAX_REASONS_IN_MESSAGE = 3;

function unsatisfiable({ ref }: ReadRecipe, base: Requirement, { refused }: Placements): GroveError {
  const why = refused.length === 0 ? 'no agent has ever connected' : refused.slice(0, MAX_REASONS_IN_MESSAGE).map(describeRefusal).join('; ');
  const more = refused.length > MAX_REASONS_IN_MESSAGE ? `; and ${refused.length - MAX_REASONS_IN_MESSAGE} more` : '';
  const problems = refused.map(({ deviceName, lines }) => ({ path: deviceName, message: lines.join('; ') }));
  return new GroveError('unsatisfiable', { what: `${ref.recipeId} (${base.deviceClass} ${base.ep})`, why: `${why}${more}` }, { problems });
}

function describeRefusal({ deviceName, lines }: RefusedDevice): string {
  return `${deviceName} ${lines.join(' and ')}`;
}

/** The resolve task of a hub model, or the keyed conversion of an uploaded one. */
function sourceStepsOf(read: ReadRecipe, context: RecipeContext, support: Support & { kind: 'runnable' }): readonly Step[] {
  const { spec, sha256, devices } = context;
  const local = localDataOf(spec, read.recipe);
  const source = uploadedSource(spec, local);
  const planned = (task: NewTask): Step => ({ task, plan: plannedTask(task, { recipeId: read.ref.recipeId, devices: matchingNames(devices, task) }) });
  if (source !== undefined) {
    const intent: ConversionIntent = { recipe: read.ref, parsed: read.recipe, task: spec.task, strict: spec.strict, toolchains: support.hostToolchains };
    return [planned(keyConversion(intent, source, sha256).task)];
  }
  if (spec.source.kind !== 'hub') return [];
  const { modelId, revision } = spec.source;
  const resolve: ResolveSpec = { kind: 'resolve', modelId, revision, recipe: read.ref, localData: local.data, localFiles: local.files };
  const requirement = resolveRequirement();
  const task: NewTask = {
    taskId: taskIdOf(context.jobId, context.firstOrdinal),
    spec: resolve,
    requirement,
    requirementDigest: requirementDigest(requirement, sha256),
    needs: [],
    retry: DEFAULT_RETRY,
  };
  return [planned(task)];
}

function matchingNames(devices: readonly Device[], task: NewTask): readonly string[] {
  const found = placeOn(devices, task.requirement, 'any').placements[0];
  return found?.deviceNames ?? [];
}

function benchmarkSpec({ ref, recipe }: ReadRecipe, context: RecipeContext, sourceSteps: readonly Step[]): BenchmarkSpec {
  const { spec, catalogue, sha256 } = context;
  const requestedEp = recipe.target.ep;
  const executedEp = spec.substituteEp === 'cpu' ? CPU_EP : requestedEp;
  const conversion = sourceSteps.map(({ task }) => task.spec).find((source) => source.kind === 'convert');
  return {
    kind: 'benchmark',
    recipe: ref,
    ...modelIdentity(spec, sha256),
    synthetic: spec.synthetic,
    requestedEp,
    executedEp,
    substitution: executedEp === requestedEp ? null : { kind: 'ep', requested: requestedEp, executed: executedEp },
    tier: spec.tier,
    launches: spec.launches,
    task: spec.task,
    qualityBound: qualityBoundOf(ref.recipeId, recipe, catalogue),
    localData: Object.entries(localDataOf(spec, recipe).data).filter(([, entry]) => entry.origin === 'local').map(([name]) => name),
    conversionKey: conversion?.kind === 'convert' ? conversion.conversionKey : null,
  };
}

interface BenchmarkFacts {
  readonly taskId: string;
  readonly benchmark: BenchmarkSpec;
  readonly needs: readonly string[];
  readonly support: Support;
  readonly placement: Placement;
  readonly sha256: Sha256;
}

function benchmarkStep({ taskId, benchmark, needs, support, placement, sha256 }: BenchmarkFacts): Step {
  const requirement = normalizeRequirement(placement.requirement);
  const task: NewTask = {
    taskId,
    spec: benchmark,
    requirement,
    requirementDigest: requirementDigest(requirement, sha256),
    needs,
    retry: DEFAULT_RETRY,
    ...(support.kind === 'unsupported' && { endedAs: { state: 'failed', error: support.error } as const }),
  };
  return { task, plan: plannedTask(task, { recipeId: benchmark.recipe.recipeId, devices: placement.deviceNames, deviceModel: placement.deviceModel }) };
}

function plannedTask(task: NewTask, facts: { recipeId: string; devices: readonly string[]; deviceModel?: string | null }): PlanTask {
  const { taskId, spec, endedAs, needs } = task;
  const state = endedAs === undefined ? (needs.length > 0 ? 'waiting' : 'pending') : endedAs.state;
  const nobody = facts.devices.length === 0 ? 'no known device can take it yet' : '';
  return {
    taskId,
    kind: spec.kind,
    recipeId: facts.recipeId,
    executedEp: spec.kind === 'benchmark' ? spec.executedEp : null,
    deviceModel: facts.deviceModel ?? null,
    deviceNames: [...facts.devices],
    state,
    reason: endedAs?.error.message ?? nobody,
  };
}

function benchmarkRequirement(recipe: Recipe, spec: JobSpec, support: Support): Requirement {
  const onCpu = spec.substituteEp === 'cpu';
  return normalizeRequirement({
    kind: 'benchmark',
    ep: onCpu ? CPU_EP : recipe.target.ep,
    deviceClass: onCpu ? 'cpu' : recipe.target.device,
    toolchains: support.kind === 'runnable' ? [...support.targetToolchains] : [],
    capabilities: [],
    labels: spec.where,
    minMemoryBytes: 0,
    exclusivity: 'exclusive',
  });
}

function resolveRequirement(): Requirement {
  return normalizeRequirement({
    kind: 'resolve',
    ep: CPU_EP,
    deviceClass: 'cpu',
    toolchains: [],
    capabilities: ['hub'],
    labels: {},
    minMemoryBytes: 0,
    exclusivity: 'shared',
  });
}

function refuseUnknownData(spec: JobSpec, recipes: readonly ReadRecipe[]): void {
  const names = new Set(recipes.flatMap(({ recipe }) => recipe.dataConfigs.map(({ name }) => name)));
  const unknown = Object.keys(spec.data).find((name) => !names.has(name));
  if (unknown !== undefined) throw new GroveError('missing-data', { path: `data.${unknown}`, name: unknown });
}

function lintAll(recipes: readonly ReadRecipe[]): Plan['lint'] {
  const own = recipes.flatMap(({ ref, recipe }) => lintRecipe(recipe).map(({ rule, path, message }) => ({ recipeId: ref.recipeId, rule, path, message })));
  const shared = lintSharedOutputFolders(recipes.map(({ recipe }) => recipe));
  return [...own, ...shared.map(({ recipeName, rule, path, message }) => ({ recipeId: recipeName, rule, path, message }))];
}

function refuseFindings(lint: Plan['lint']): void {
  const [first] = lint;
  if (first === undefined) return;
  const problems = lint.map(({ recipeId, rule, path, message }) => ({ path: `${recipeId} ${path}`, message: `${rule}: ${message}` }));
  throw new GroveError('lint', { count: lint.length, rule: first.rule, path: first.path, problem: first.message }, { problems });
}

function warningsOf({ ref, recipe, warnings }: ReadRecipe, spec: JobSpec): Plan['warnings'] {
  const own = warnings.map(({ path, message }) => ({ recipeId: ref.recipeId, path, message }));
  if (spec.source.kind === 'hub') return own;
  const missing = recipe.dataConfigs
    .filter(({ name, source }) => source.dataset !== null && !Object.hasOwn(spec.data, name))
    .map(({ name, path, source }) => ({
      recipeId: ref.recipeId,
      path,
      message: `rows of "${source.dataset}" do not travel with an uploaded model: give them with --data ${name}=FILE`,
    }));
  return [...own, ...missing];
}
