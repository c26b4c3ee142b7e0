import { digestOf, type Json, type Sha256 } from '../json.ts';
import { findPassManifest } from '../passes/registry.ts';
import { type ToolchainName, toolchainNameOf } from '../toolchains.ts';
import { isJsonObject } from './findings.ts';
import { namedDataConfigs, olivePass } from './olive-document.ts';
import type { DataConfig, JsonObject, Recipe, RecipePass } from './recipe.ts';

/** The recipe cut in two: what any machine may do once for all, and what belongs to the benchmarked device. */
export interface ConversionPlan {
  /** In order; their result is the conversion. */
  readonly host: readonly RecipePass[];
  /** From the first target pass on, host passes behind it included: they run in the benchmark task. */
  readonly target: readonly RecipePass[];
}

/** Splits the passes at the first one that must run on the device. */
export function planConversion(recipe: Pick<Recipe, 'passes'>): ConversionPlan {
  const cut = recipe.passes.findIndex(({ side }) => side === 'target');
  return cut === -1 ? { host: recipe.passes, target: [] } : { host: recipe.passes.slice(0, cut), target: recipe.passes.slice(cut) };
}

/** The first pass that Grove does not run itself, not even with OpenVINO's toolchain; undefined when it runs the whole list. */
export function firstUnsupportedPass(passes: readonly RecipePass[]): RecipePass | undefined {
  return passes.find(({ known }) => known === 'olive');
}

/** The toolchain that passes need: Olive runs all of a list in which Grove lacks one. Undefined when Grove runs them alone. */
export function toolchainNeeded(passes: readonly RecipePass[]): ToolchainName | undefined {
  if (firstUnsupportedPass(passes) !== undefined) return 'olive';
  return passes.some(({ known }) => known === 'openvino') ? 'openvino' : undefined;
}

/** Everything beside the recipe that decides the bytes of a conversion. */
export interface ConversionFacts {
  /** Digest of the SourceManifest: model, tokenizer and data rows. */
  readonly sourceDigest: string;
  readonly ortVersion: string;
  /** Lock id of the toolchain that runs passes Grove lacks; null when every host pass is native. */
  readonly toolchainLock: string | null;
}

/** The document whose RFC 8785 form is hashed into a conversion key. */
export type ConversionKeyInput = JsonObject;

/** Raised when the meaning of a member of the key document changes. */
const KEY_SCHEMA = 1;

/** Raised when the workflow that Grove writes for Olive comes to mean something else for the same recipe. */
const WORKFLOW_VERSION = 1;

/**
 * What determines a conversion's bytes. Left out on purpose: pass names (labels only), the evaluator, host system, output and cache folders. The
 * accelerator spec is in only when a host pass depends on it, so that recipes share a conversion across targets as Olive's cache does; a pass
 * that Grove does not know counts as depending on it. Where Olive runs the passes, everything its workflow is written from is in, labels included.
 */
export function conversionKeyInput(recipe: Recipe, facts: ConversionFacts): ConversionKeyInput {
  const { host } = planConversion(recipe);
  const byOlive = facts.toolchainLock !== null && toolchainNameOf(facts.toolchainLock) === 'olive';
  const agnostic = !byOlive && host.every(({ type }) => findPassManifest(type)?.acceleratorAgnostic === true);
  return {
    schema: KEY_SCHEMA,
    model: { type: recipe.inputModel.type, task: recipe.inputModel.task, config: recipe.inputModel.config },
    passes: host.map((pass) => passKey(pass, recipe.dataConfigs)),
    accelerator: agnostic ? null : recipe.target.accelerator,
    source: facts.sourceDigest,
    ortVersion: facts.ortVersion,
    toolchain: facts.toolchainLock,
    ...(byOlive && { olive: workflowKey(recipe, host) }),
  };
}

/** A list in the place of members keeps the order of the passes. */
function workflowKey({ document, host: system, scripts }: Recipe, host: readonly RecipePass[]): JsonObject {
  const written = isJsonObject(document['passes']) ? document['passes'] : {};
  const passes = host.map(({ name }) => ({ name, pass: olivePass(written[name]) }));
  const read = namedDataConfigs(passes);
  const configs = Array.isArray(document['data_configs']) ? document['data_configs'] : [];
  const data = configs.filter((config: Json) => isJsonObject(config) && typeof config['name'] === 'string' && read.has(config['name']));
  return { version: WORKFLOW_VERSION, passes, data, host: system.accelerator, ...(Object.keys(scripts).length > 0 && { scripts }) };
}

/** Names of data_configs are labels too: the resolved config stands in the place of the reference. */
function passKey(pass: RecipePass, dataConfigs: readonly DataConfig[]): JsonObject {
  const { data_config: reference = null, ...params } = pass.params;
  const data = dataConfigs.find(({ name }) => name === reference);
  return {
    type: pass.type,
    implementationVersion: pass.known === 'olive' ? null : (findPassManifest(pass.type)?.implementationVersion ?? null),
    params,
    data: data === undefined ? null : dataKey(data),
  };
}

function dataKey(config: DataConfig): Json {
  const { columns, ...tokenization } = config.tokenization;
  return {
    type: config.type,
    load: { type: config.load.type, params: config.load.params },
    preProcess: { type: config.preProcess.type, params: config.preProcess.params },
    tokenization: { ...tokenization, columns },
    dataloader: config.dataloader.params,
    batchSize: config.batchSize,
    dropLast: config.dropLast,
  };
}

/** SHA-256 of the document's canonical JSON: 64 lower-case hex digits. The task that produces it is `c-<key>`. */
export function conversionKey(input: ConversionKeyInput, sha256: Sha256): string {
  return digestOf(input, sha256);
}
