import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, normalize, relative } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import { isJsonObject } from '../../domain/recipe/findings.ts';
import type { JsonObject } from '../../domain/recipe/recipe.ts';
import { scriptNameSchema, USER_SCRIPT_KEY, USER_SCRIPTS_MEMBER } from '../../domain/recipe/user-scripts.ts';

const MAX_SCRIPT_BYTES = 262_144;

/**
 * A recipe with the Python files that its `user_script` members name, below the folder it lies in, and the members naming them by their plain names. Throws `invalid-argument` for one that lies
 * elsewhere or is missing, and for two files of one name.
 */
export async function withUserScripts(document: JsonObject, folder: string): Promise<JsonObject> {
  const named = [...new Set(namesIn(document))];
  const scripts: Record<string, string> = {};
  for (const path of named) {
    const name = scriptName(path);
    if (Object.hasOwn(scripts, name)) throw refused(path, 'another file of the recipe has its name');
    scripts[name] = await readScript(folder, path);
  }
  return named.length === 0 ? document : { ...renamed(document), [USER_SCRIPTS_MEMBER]: scripts };
}

function namesIn(value: Json): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item: Json) => namesIn(item));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([member, inner]) =>
    member === USER_SCRIPT_KEY && typeof inner === 'string' ? [normalize(inner)] : namesIn(inner),
  );
}

/** The recipe may be somebody else's: it does not choose which files of this machine are sent. */
function scriptName(path: string): string {
  if (isAbsolute(path) || path.startsWith('..')) throw refused(path, 'it lies outside the folder of the recipe');
  const name = scriptNameSchema.safeParse(basename(path));
  if (!name.success) throw refused(path, 'it is not the name of a Python file');
  return name.data;
}

async function readScript(folder: string, path: string): Promise<string> {
  const file = await realpath(join(folder, path)).catch(() => undefined);
  const status = file === undefined ? undefined : await stat(file);
  if (file === undefined || status?.isFile() !== true) throw refused(path, 'there is no such file beside the recipe');
  const inside = relative(await realpath(folder), file);
  if (isAbsolute(inside) || inside.startsWith('..')) throw refused(path, 'it is a link out of the folder of the recipe');
  if (status.size > MAX_SCRIPT_BYTES)
    throw new GroveError('too-large', { what: path, sizeBytes: status.size, limitBytes: MAX_SCRIPT_BYTES });
  return await readFile(file, 'utf8');
}

function renamed(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([member, inner]) => [
      member,
      member === USER_SCRIPT_KEY && typeof inner === 'string' ? basename(normalize(inner)) : renamedIn(inner),
    ]),
  );
}

function renamedIn(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => renamedIn(item));
  return isJsonObject(value) ? renamed(value) : value;
}

function refused(path: string, why: string): GroveError {
  return new GroveError('invalid-argument', { problem: `user_script ${path}: ${why}` });
}
