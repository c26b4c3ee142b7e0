import { GroveError } from '../errors.ts';
import type { Json } from '../json.ts';
import { isJsonObject } from './findings.ts';
import type { JsonObject } from './recipe.ts';

/** The object with one member replaced in its place, or added at the end. */
export function withMember(object: JsonObject, key: string, value: Json): JsonObject {
  const replaced = Object.entries(object).map(([name, old]): [string, Json] => [name, name === key ? value : old]);
  if (!Object.hasOwn(object, key)) replaced.push([key, value]);
  return Object.fromEntries(replaced);
}

/**
 * The value with the member at `steps` replaced. Missing objects on the way are created; list items must exist.
 * `where` names the whole path in messages. Throws `invalid-argument`.
 */
export function withValueAt(
  target: Json,
  steps: readonly (string | number)[],
  edit: { readonly value: Json; readonly where: string },
): Json {
  const [step, ...rest] = steps;
  if (step === undefined) return edit.value;
  if (typeof step === 'number') {
    if (!Array.isArray(target) || step >= target.length)
      throw new GroveError('invalid-argument', { problem: `${edit.where}: there is no item ${step}` });
    return target.map((item: Json, index) => (index === step ? withValueAt(item, rest, edit) : item));
  }
  if (!isJsonObject(target)) throw new GroveError('invalid-argument', { problem: `${edit.where}: "${step}" has nothing to belong to` });
  const member = Object.hasOwn(target, step) ? target[step] : undefined;
  return withMember(target, step, withValueAt(member ?? {}, rest, edit));
}
