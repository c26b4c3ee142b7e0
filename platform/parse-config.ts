import { type Document, isMap, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { GroveError, type Problem } from '../domain/errors.ts';

/**
 * Checks the text of a YAML configuration file against a strict schema; `path` only names it in errors. Throws `invalid-config` with line and column of every
 * unknown key and wrong value.
 */
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
