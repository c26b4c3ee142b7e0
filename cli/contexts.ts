import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../domain/errors.ts';
import { nameSchema } from '../domain/names.ts';
import { systemFiles } from '../platform/files.ts';

const contextSchema = z.strictObject({
  name: nameSchema,
  url: z.url({ protocol: /^https?$/ }),
  token: z.string().nullable(),
  /** PEM of the farm's authority; null for a farm whose certificate everybody trusts. */
  authority: z.string().nullable(),
});

/** A farm this machine has logged in to. */
export type Context = z.infer<typeof contextSchema>;

const fileSchema = z.strictObject({ schemaVersion: z.literal(1), current: z.string().nullable(), contexts: z.array(contextSchema) });
export type Contexts = Omit<z.infer<typeof fileSchema>, 'schemaVersion'>;

/** The farms this machine has logged in to, by name; empty before the first. Throws `invalid-config` for a file that holds none. */
export async function readContexts(dataFolder: string): Promise<Contexts> {
  const path = pathOf(dataFolder);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return { current: null, contexts: [] };
  try {
    const { current, contexts } = fileSchema.parse(JSON.parse(text));
    return { current, contexts };
  } catch {
    // Without its cause, which may quote a token.
    throw new GroveError('invalid-config', { where: path, problem: 'it holds no contexts; remove it and log in again' });
  }
}

/** Adds or replaces one and makes it the current one. Only the owner may read the file. */
export async function saveContext(dataFolder: string, context: Context): Promise<void> {
  const { contexts } = await readContexts(dataFolder);
  const others = contexts.filter(({ name }) => name !== context.name);
  await write(dataFolder, { current: context.name, contexts: [...others, context].sort((a, b) => (a.name < b.name ? -1 : 1)) });
}

/** Makes another one current. Throws `not-found`. */
export async function selectContext(dataFolder: string, name: string): Promise<void> {
  const { contexts } = await readContexts(dataFolder);
  if (!contexts.some((context) => context.name === name)) throw new GroveError('not-found', { kind: 'context', id: name });
  await write(dataFolder, { current: name, contexts });
}

/** Forgets one; whether it was there. */
export async function removeContext(dataFolder: string, name: string): Promise<boolean> {
  const { current, contexts } = await readContexts(dataFolder);
  const others = contexts.filter((context) => context.name !== name);
  if (others.length === contexts.length) return false;
  await write(dataFolder, { current: current === name ? null : current, contexts: others });
  return true;
}

async function write(dataFolder: string, contexts: Contexts): Promise<void> {
  await systemFiles.makeFolder(dataFolder);
  await systemFiles.writeAtomic(pathOf(dataFolder), Buffer.from(`${JSON.stringify({ schemaVersion: 1, ...contexts }, null, 2)}\n`));
}

function pathOf(dataFolder: string): string {
  return join(dataFolder, 'contexts.json');
}
