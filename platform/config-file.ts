import { readFile } from 'node:fs/promises';
import { type Document, isMap, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { GroveError, type Problem } from '../domain/errors.ts';

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

/** The same for text that is already at hand; `path` only names it in errors. */
export function parseConfig<T>(text: string, path: string, schema: z.ZodType<T>): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  const [broken] = document.errors;
  if (broken !== undefined)
    throw new GroveError('invalid-config', { where: at(path, lines, broken.pos[0]), problem: firstLine(broken.message) });
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, { document, lines, path }));
  const [first] = problems;
  throw new GroveError('invalid-config', { where: first?.path ?? path, problem: first?.message ?? 'it is not valid' }, { problems });
}

interface Source {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly path: string;
}

function problemsOf(issue: z.core.$ZodIssue, source: Source): readonly Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: place([...issue.path, key], source),
      message: `unknown key "${[...issue.path, key].join('.')}"`,
    }));
  }
  return [{ path: place(issue.path, source), message: `${issue.path.join('.') || 'the file'}: ${issue.message}` }];
}

/** Line of a key, or of the nearest parent that exists. */
function place(keys: readonly PropertyKey[], { document, lines, path }: Source): string {
  for (let depth = keys.length; depth > 0; depth--) {
    const parent = depth === 1 ? document.contents : document.getIn(keys.slice(0, depth - 1), true);
    if (!isMap(parent)) continue;
    const pair = parent.items.find((item) => String(item.key) === String(keys[depth - 1]));
    const range = rangeStart(pair?.key);
    if (range !== undefined) return at(path, lines, range);
  }
  return path;
}

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  const [start]: unknown[] = node.range;
  return typeof start === 'number' ? start : undefined;
}

function at(path: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${path}:${line}:${col}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
