import { z } from 'zod';
import { GroveError, type Problem } from '../errors.ts';
import { digestOf, type Json, type Sha256 } from '../json.ts';
import { nearestName } from '../passes/nearest-name.ts';
import { Findings, isJsonObject, jsonPath } from './findings.ts';
import { parseDataConfigs } from './parse-data-configs.ts';
import { parseInputModel } from './parse-input-model.ts';
import { parseMetrics } from './parse-metrics.ts';
import { parsePasses } from './parse-passes.ts';
import { checkUnusedSystems, LOCAL_CPU, parseSystem } from './parse-systems.ts';
import { readRecipeJson } from './read-json.ts';
import type { JsonObject, Recipe } from './recipe.ts';
import { readUserScripts, USER_SCRIPTS_MEMBER } from './user-scripts.ts';

export interface ParseRecipeOptions {
  /** For messages and the matrix: a catalogue path or a file name. */
  readonly name: string;
  readonly sha256: Sha256;
}

/** A recipe and what Olive would only warn about. */
export interface ParsedRecipe {
  readonly recipe: Recipe;
  readonly warnings: readonly Problem[];
}

/** {@link parseRecipe}, or something that answers the same. */
export type ParseRecipe = (text: string, options: ParseRecipeOptions) => ParsedRecipe;

const ROOT_MEMBERS = [
  USER_SCRIPTS_MEMBER,
  'workflow_id',
  'workflow_host',
  'azureml_client',
  'input_model',
  'systems',
  'data_root',
  'data_configs',
  'evaluators',
  'engine',
  'passes',
];

const ENGINE_MEMBERS = [
  'host',
  'target',
  'evaluator',
  'search_strategy',
  'evaluate_input_model',
  'cache_dir',
  'cache_config',
  'clean_cache',
  'clean_evaluation_cache',
  'enable_shared_cache',
  'plot_pareto_frontier',
  'no_artifacts',
  'output_dir',
  'output_name',
  'packaging_config',
  'log_severity_level',
  'log_to_file',
  'ort_log_severity_level',
  'ort_py_log_severity_level',
  'type',
  'account_name',
  'container_name',
];

/**
 * Reads the text of an Olive workflow file.
 * Throws `recipe-not-json` with line and column; `unknown-pass` or `missing-data` when that is all that is wrong; otherwise `recipe-invalid`. The
 * last three list every problem with its JSON path.
 */
export function parseRecipe(text: string, options: ParseRecipeOptions): ParsedRecipe {
  return parseRecipeDocument(readRecipeJson(text, options.name), options);
}

/** Like `parseRecipe`, for a document already read: after `setParameter` or `overrideTask`. The order of `passes` members matters. */
export function parseRecipeDocument(document: JsonObject, options: ParseRecipeOptions): ParsedRecipe {
  const findings = new Findings(options.name);
  refuseSeveralBuilds(document, options.name);
  const engine = engineOf(document, findings);
  const systems = findings.object(document['systems'], '$.systems');
  const evaluators = findings.object(document['evaluators'], '$.evaluators');
  const host = parseSystem(engine.value('host'), { path: engine.path('host'), systems, fallback: LOCAL_CPU, findings });
  const target = parseSystem(engine.value('target'), { path: engine.path('target'), systems, fallback: host, findings });
  checkUnusedSystems(systems, [host.name, target.name], findings);
  const dataConfigs = parseDataConfigs(document['data_configs'], findings);
  const context = { evaluators, dataConfigNames: new Set(dataConfigs.map(({ name }) => name)), findings };
  const metrics = parseMetrics(engine.value('evaluator'), engine.path('evaluator'), context);
  const inputModel = parseInputModel(document['input_model'], findings);
  const passes = parsePasses(document['passes'], { ...context, inputModel });
  const settings = readSettings(document, engine, findings);
  const code = readUserScripts(document, findings);
  findings.throwIfAny();
  const digest = digestOf({ document, passOrder: Object.keys(findings.object(document['passes'], '$.passes')) }, options.sha256);
  const parts = { host, target, dataConfigs, metrics, passes, ...code };
  return { recipe: { name: options.name, digest, document, inputModel, ...settings, ...parts }, warnings: findings.warnings };
}

/** The engine's members wherever they were written. */
interface Engine {
  value(key: string): Json | undefined;
  path(key: string): string;
}

function engineOf(document: JsonObject, findings: Findings): Engine {
  const explicit = findings.object(document['engine'], '$.engine');
  for (const key of Object.keys(document)) {
    if (ROOT_MEMBERS.includes(key)) continue;
    const path = jsonPath('$', key);
    if (!ENGINE_MEMBERS.includes(key)) refuseUnknownMember(key, findings);
    else if (Object.hasOwn(explicit, key)) findings.warn(path, `also given at ${jsonPath('$.engine', key)}, which wins`);
  }
  for (const key of Object.keys(explicit)) {
    if (!ENGINE_MEMBERS.includes(key)) findings.warn(jsonPath('$.engine', key), 'unknown member of engine, ignored');
  }
  const inEngine = (key: string) => Object.hasOwn(explicit, key);
  return {
    value: (key) => (inEngine(key) ? explicit[key] : document[key]),
    path: (key) => jsonPath(inEngine(key) ? '$.engine' : '$', key),
  };
}

function refuseUnknownMember(key: string, findings: Findings): void {
  const path = jsonPath('$', key);
  if (key === 'pass_flows') {
    findings.warn(path, 'ignored: Olive no longer reads it and runs passes in file order');
    return;
  }
  const nearest = nearestName(key, [...ROOT_MEMBERS, ...ENGINE_MEMBERS]);
  findings.refuse(path, `neither a workflow nor an engine member${nearest === undefined ? '' : `; perhaps "${nearest}"`}`);
}

function readSettings(
  document: JsonObject,
  engine: Engine,
  findings: Findings,
): Pick<Recipe, 'workflowId' | 'evaluatesInputModel' | 'outputDir'> {
  const strategy = engine.value('search_strategy');
  if (strategy !== undefined && strategy !== null && strategy !== false) {
    findings.refuse(engine.path('search_strategy'), 'search is not supported: remove search_strategy or set it to false');
  }
  const workflowId = findings.read(z.string().min(1).nullish(), document['workflow_id'], '$.workflow_id');
  const evaluates = findings.read(z.boolean().nullish(), engine.value('evaluate_input_model'), engine.path('evaluate_input_model'));
  const outputDir = findings.read(z.string().nullish(), engine.value('output_dir'), engine.path('output_dir'));
  return { workflowId: workflowId ?? 'default_workflow', evaluatesInputModel: evaluates ?? true, outputDir: outputDir ?? null };
}

/** Recent Olive reads a root object of several named builds. A farm's unit is one recipe, so each build goes into a file of its own. */
function refuseSeveralBuilds(document: JsonObject, name: string): void {
  if (document['input_model'] !== undefined || document['passes'] !== undefined) return;
  const builds = isJsonObject(document['builds']) ? document['builds'] : document;
  const names = Object.keys(builds);
  const allBuilds =
    names.length > 0 &&
    names.every((key) => isJsonObject(builds[key]) && ['passes', 'input_model'].some((member) => hasMember(builds[key], member)));
  if (!allBuilds) return;
  const problem = `holds ${names.length} builds; Grove takes one workflow per file: put each into a file of its own`;
  throw new GroveError('recipe-invalid', { name, count: 1, path: '$', problem }, { problems: [{ path: '$', message: problem }] });
}

function hasMember(value: Json | undefined, member: string): boolean {
  return isJsonObject(value) && Object.hasOwn(value, member);
}
