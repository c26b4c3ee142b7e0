import type { Json } from '../json.ts';
import { type Findings, isJsonObject, jsonPath } from './findings.ts';
import type { JsonObject } from './recipe.ts';

/** One member after flattening, with the JSON path it was written at. */
export interface FlatMember {
  readonly value: Json;
  readonly path: string;
}

/**
 * Olive takes parameters beside `type` or nested under `config` (`params` in data components). Where both give a name the nested one wins, with a
 * warning. `own` names members that belong to the object itself and are never parameters.
 */
export function flattenParameters(
  object: JsonObject,
  path: string,
  options: { readonly nested: readonly string[]; readonly own: readonly string[]; readonly findings: Findings },
): ReadonlyMap<string, FlatMember> {
  const { nested, own, findings } = options;
  const flat = new Map<string, FlatMember>();
  for (const [key, value] of Object.entries(object)) {
    if (!nested.includes(key) && !own.includes(key)) flat.set(key, { value, path: jsonPath(path, key) });
  }
  for (const container of nested) {
    const members = object[container];
    if (members === undefined || members === null) continue;
    const containerPath = jsonPath(path, container);
    if (!isJsonObject(members)) findings.refuse(containerPath, 'must be an object');
    else addNested(flat, members, { containerPath, findings });
  }
  return flat;
}

function addNested(
  flat: Map<string, FlatMember>,
  members: JsonObject,
  at: { readonly containerPath: string; readonly findings: Findings },
): void {
  for (const [key, value] of Object.entries(members)) {
    const path = jsonPath(at.containerPath, key);
    const beside = flat.get(key);
    if (beside !== undefined) at.findings.warn(beside.path, `also given at ${path}, which wins`);
    flat.set(key, { value, path });
  }
}

/** The values alone. */
export function flatValues(flat: ReadonlyMap<string, FlatMember>): JsonObject {
  return Object.fromEntries([...flat].map(([key, { value }]) => [key, value]));
}

/** Where each member was written. */
export function flatPaths(flat: ReadonlyMap<string, FlatMember>): Readonly<Record<string, string>> {
  return Object.fromEntries([...flat].map(([key, { path }]) => [key, path]));
}
