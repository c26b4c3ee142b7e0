import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { GroveError } from '../domain/errors.ts';

/** Largest configuration file read. */
const MAX_CONFIG_BYTES = 262_144;

/**
 * Reads a YAML configuration file and checks it against a strict schema. Throws `invalid-config` with the file, line and column of every unknown key
 * and wrong value, so that a typo never passes as a default.
 */
export async function readConfigFile<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GroveError('invalid-config', { where: path, problem: 'the file cannot be read' }, { cause });
  });
  if (text.length > MAX_CONFIG_BYTES)
    throw new GroveError('too-large', { what: path, sizeBytes: text.length, limitBytes: MAX_CONFIG_BYTES });
  // The YAML library is loaded for those who have such a file: it takes a tenth of a command's start.
  const { parseConfig } = await import('./parse-config.ts');
  return parseConfig(text, path, schema);
}

const sharedEntries = {
  /** The farm's address, for the command line. */
  url: z.url({ protocol: /^https?$/ }).exactOptional(),
  /** Data folder of the machine. */
  data: z.string().min(1).exactOptional(),
  coordinator: z.unknown().exactOptional(),
  agent: z.unknown().exactOptional(),
};

/** What every process of a machine reads of its one configuration file. */
export interface MachineConfig<Section> {
  readonly url?: string | undefined;
  readonly data?: string | undefined;
  readonly section: Section | undefined;
}

/**
 * Reads the shared entries and one process's section; the sections of the others are their business. No path is an empty file. Throws as
 * {@link readConfigFile} does.
 */
export async function readMachineConfig<Section>(
  path: string | undefined,
  section?: { readonly name: 'coordinator' | 'agent'; readonly schema: z.ZodType<Section> },
): Promise<MachineConfig<Section>> {
  if (path === undefined || path === '') return { section: undefined };
  const shared = await readConfigFile(path, z.strictObject(sharedEntries));
  if (section === undefined || shared[section.name] === undefined) return { ...shared, section: undefined };
  const own = await readConfigFile(path, z.object({ [section.name]: section.schema }));
  return { ...shared, section: own[section.name] };
}
