import { GroveError, type Problem } from '../errors.ts';
import type { Json } from '../json.ts';
import type { PassManifest } from '../passes/manifest.ts';
import { nearestName } from '../passes/nearest-name.ts';
import { findOlivePassType, passTypeSuggestion } from '../passes/olive-pass-types.ts';
import { findPassManifest } from '../passes/registry.ts';
import { type Findings, isJsonObject, jsonPath } from './findings.ts';
import { type FlatMember, flatPaths, flattenParameters, flatValues } from './flatten.ts';
import { missingData } from './missing-data.ts';
import type { InputModel, JsonObject, RecipePass } from './recipe.ts';

/** Members of a pass object that are not parameters. */
const OWN_MEMBERS = ['type', 'host', 'evaluator', 'disable_search', 'clean_run_cache', 'output_name'];

/** Olive accepts these with every pass. */
const COMMON_PARAMETERS = ['user_script', 'script_dir'];

const WHOLE_NUMBER = /^(?:0|[1-9]\d*)$/;

interface PassContext {
  readonly inputModel: InputModel;
  readonly evaluators: JsonObject;
  readonly dataConfigNames: ReadonlySet<string>;
  readonly findings: Findings;
}

/** Reads `$.passes` in file order, which is execution order. */
export function parsePasses(value: Json | undefined, context: PassContext): readonly RecipePass[] {
  const passes = context.findings.object(value, '$.passes');
  const names = Object.keys(passes);
  // An ONNX model may be measured as it is; a checkpoint is no ONNX model before a pass.
  if (names.length === 0 && context.inputModel.type !== 'ONNXModel') context.findings.refuse('$.passes', 'the recipe has no passes');
  refuseNumericNames(names, context.findings);
  return names.flatMap((name) => {
    const pass = onlyAlternative(passes[name], jsonPath('$.passes', name), context.findings);
    const parsed = pass && parsePass(pass.object, { ...context, name, path: pass.path });
    return parsed === undefined ? [] : [parsed];
  });
}

/** A JavaScript object lists whole-number keys first whatever their place in the file, so with two of them the order of execution would be lost. */
function refuseNumericNames(names: readonly string[], findings: Findings): void {
  if (names.length < 2) return;
  for (const name of names.filter((candidate) => WHOLE_NUMBER.test(candidate))) {
    findings.refuse(jsonPath('$.passes', name), 'a pass name must not be a whole number: its place in the order would be lost');
  }
}

/** A list holds alternatives for a search. Without one Olive takes the first. */
function onlyAlternative(value: Json | undefined, path: string, findings: Findings): { object: JsonObject; path: string } | undefined {
  if (!Array.isArray(value)) return isJsonObject(value) ? { object: value, path } : refused(path, 'must be an object', findings);
  const [first] = value;
  if (!isJsonObject(first)) return refused(path, 'must be an object or a list of objects', findings);
  if (value.length > 1) findings.warn(path, `holds ${value.length} alternatives; without a search only the first runs`);
  return { object: first, path: jsonPath(path, 0) };
}

function refused(path: string, message: string, findings: Findings): undefined {
  findings.refuse(path, message);
  return undefined;
}

interface NamedContext extends PassContext {
  readonly name: string;
  readonly path: string;
}

function parsePass(object: JsonObject, context: NamedContext): RecipePass | undefined {
  const { path, findings } = context;
  const written = object['type'];
  if (typeof written !== 'string') return refused(jsonPath(path, 'type'), 'must name a pass type', findings);
  checkEvaluator(object['evaluator'], context);
  const flat = flattenParameters(object, path, { nested: ['config'], own: OWN_MEMBERS, findings });
  checkDataReferences(flat, context);
  const manifest = findPassManifest(written);
  if (manifest !== undefined) return nativePass(manifest, flat, context);
  const olive = findOlivePassType(written);
  if (olive === undefined) return unknownPass(written, context);
  const params = flatValues(flat);
  return { name: context.name, path, ...olive, known: 'olive', detail: '', params, written: params, writtenAt: flatPaths(flat) };
}

function unknownPass(type: string, { path, findings }: NamedContext): undefined {
  const suggestion = type.includes('.') ? ' (Python classes cannot be loaded)' : passTypeSuggestion(type);
  const params = { name: findings.recipeName, path, type, suggestion };
  findings.refuse(jsonPath(path, 'type'), `no Olive pass is called "${type}"${suggestion}`, {
    code: 'unknown-pass',
    make: (problems: readonly Problem[]) => new GroveError('unknown-pass', params, { problems }),
  });
  return undefined;
}

function nativePass(manifest: PassManifest, flat: ReadonlyMap<string, FlatMember>, context: NamedContext): RecipePass | undefined {
  const { name, path, findings } = context;
  const known = new Map([...flat].filter(([key, member]) => isKnownParameter(key, member, { manifest, findings })));
  const written = flatValues(known);
  for (const member of manifest.unknownMembers?.(written) ?? []) {
    const [param = ''] = member.slice(1).split(/[.[]/, 1);
    findings.warn(`${known.get(param)?.path ?? path}${member.slice(param.length + 1)}`, 'unknown argument, dropped as Olive does');
  }
  const resolved = findings.read(manifest.params, written, { path, members: known });
  if (resolved === undefined) return undefined;
  const detail = manifest.unsupportedReason?.(resolved, context.inputModel);
  const params = jsonObjectOf(resolved);
  const common = { name, type: manifest.type, path, side: manifest.side, params, written, writtenAt: flatPaths(known) };
  return { ...common, known: detail === undefined ? (manifest.toolchain ?? 'native') : 'olive', detail: detail ?? '' };
}

/** Warns about and drops what Olive does not know; `DEFAULT_VALUE` means the default, so it is left out too. */
function isKnownParameter(key: string, member: FlatMember, at: { readonly manifest: PassManifest; readonly findings: Findings }): boolean {
  const { manifest, findings } = at;
  if (member.value === 'SEARCHABLE_VALUES') {
    findings.refuse(member.path, 'SEARCHABLE_VALUES needs a search, which Grove does not support');
    return false;
  }
  if (member.value === 'DEFAULT_VALUE' || COMMON_PARAMETERS.includes(key)) return false;
  if (manifest.parameterNames.includes(key)) return true;
  findings.warn(member.path, () => {
    const nearest = nearestName(key, manifest.parameterNames);
    return `${manifest.type} has no parameter "${key}"; dropped as Olive does${nearest === undefined ? '' : ` (perhaps "${nearest}")`}`;
  });
  return false;
}

/** Zod's output is JSON because its input was; this says so to the compiler and drops nothing. */
function jsonObjectOf(params: unknown): JsonObject {
  const value: Json = JSON.parse(JSON.stringify(params));
  return isJsonObject(value) ? value : {};
}

function checkEvaluator(reference: Json | undefined, { evaluators, path, findings }: NamedContext): void {
  if (reference === undefined || reference === null || isJsonObject(reference)) return;
  if (typeof reference === 'string' && Object.hasOwn(evaluators, reference)) return;
  findings.refuse(jsonPath(path, 'evaluator'), `refers to evaluator ${JSON.stringify(reference)}, which the recipe does not define`);
}

function checkDataReferences(flat: ReadonlyMap<string, FlatMember>, { dataConfigNames, findings }: NamedContext): void {
  for (const [key, { value, path }] of flat) {
    if (!key.endsWith('data_config') || value === null) continue;
    if (typeof value !== 'string') findings.refuse(path, 'must be the name of a data_config');
    else if (!dataConfigNames.has(value)) missingData(path, value, findings);
  }
}
