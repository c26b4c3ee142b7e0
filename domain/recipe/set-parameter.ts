import { GroveError } from '../errors.ts';
import type { Json } from '../json.ts';
import { nearestName } from '../passes/nearest-name.ts';
import { withMember, withValueAt } from './edit-document.ts';
import { isJsonObject } from './findings.ts';
import type { JsonObject } from './recipe.ts';

const ASSIGNMENT = /^([^.=[\]]+)\.([^=]+)=([\s\S]*)$/;
const STEP = /([^.[\]]+)|\[(\d{1,6})\]/y;

/**
 * Applies `--set pass.param=value` to a recipe document: `quantization.activation_type=uint8`, `surgery.surgeries[0].replacement=-100`.
 * The value is JSON when it reads as JSON and text otherwise. The document is parsed again afterwards, so a bad value is reported like any other.
 * Throws `invalid-argument`.
 */
export function setParameter(document: JsonObject, assignment: string): JsonObject {
  const match = ASSIGNMENT.exec(assignment);
  if (match === null) throw new GroveError('invalid-argument', { problem: `"${assignment}" is not of the form pass.param=value` });
  const [, passName = '', parameter = '', text = ''] = match;
  const steps = stepsOf(parameter, assignment);
  const passes = isJsonObject(document['passes']) ? document['passes'] : {};
  const written = Object.hasOwn(passes, passName) ? passes[passName] : undefined;
  if (written === undefined) throw unknownPass(passName, Object.keys(passes));
  const edit = { value: jsonOrText(text), where: `passes.${passName}.${parameter}` };
  const pass = withValueAt(written, [...placeOf(written, steps), ...steps], edit);
  return withMember(document, 'passes', withMember(passes, passName, pass));
}

/** Into the first alternative of a list, and into `config` when the parameter already stands there. */
function placeOf(written: Json, [parameter]: readonly (string | number)[]): readonly (string | number)[] {
  if (Array.isArray(written)) return [0, ...placeOf(written[0] ?? null, [parameter ?? ''])];
  const nested = isJsonObject(written) ? written['config'] : undefined;
  return isJsonObject(nested) && Object.hasOwn(nested, String(parameter)) ? ['config'] : [];
}

function stepsOf(parameter: string, assignment: string): readonly (string | number)[] {
  const steps: (string | number)[] = [];
  let offset = 0;
  while (offset < parameter.length) {
    STEP.lastIndex = offset;
    const match = STEP.exec(parameter);
    if (match === null) throw new GroveError('invalid-argument', { problem: `"${assignment}": "${parameter}" is not a parameter path` });
    steps.push(match[2] === undefined ? (match[1] ?? '') : Number(match[2]));
    offset = STEP.lastIndex + (parameter[STEP.lastIndex] === '.' ? 1 : 0);
  }
  return steps;
}

function jsonOrText(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function unknownPass(name: string, names: readonly string[]): GroveError {
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? `it has ${names.join(', ')}` : `perhaps "${nearest}"`;
  return new GroveError('invalid-argument', { problem: `the recipe has no pass "${name}"; ${hint}` });
}
