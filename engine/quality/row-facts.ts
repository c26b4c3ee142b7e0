import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';

/** Beside a Reference's tensors: what the data says of each row. Without this file nothing is known of them, as of a Reference made before there was one. */
const ROWS = 'rows.json';
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_ROWS = 1_000_000;

const rowFactsSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Whether these are all the rows that the data config selects; a Reference keeps so many at most. */
  complete: z.boolean(),
  /** Class or relevance of every row; null where the data has no number. */
  labels: z.array(z.number().nullable()).max(MAX_ROWS),
  /** Number of the query of every row, null where a row belongs to none; null as a whole when rows are no query-passage pairs. */
  queries: z.array(z.int().min(0).nullable()).max(MAX_ROWS).nullable(),
});

export type RowFacts = Omit<z.infer<typeof rowFactsSchema>, 'schemaVersion'>;

/** The facts of the first rows alone. */
export function firstFacts({ complete, labels, queries }: RowFacts, rows: number): RowFacts {
  if (rows >= labels.length) return { complete, labels, queries };
  return { complete: false, labels: labels.slice(0, rows), queries: queries && withoutLastQuery(queries.slice(0, rows)) };
}

/** The query of the last row belongs to none: where rows were left out it may lack candidates. */
export function withoutLastQuery(queries: readonly (number | null)[]): (number | null)[] {
  return queries.map((query) => (query === queries.at(-1) ? null : query));
}

/** Writes the facts into a Reference's folder. */
export async function writeRowFacts(folder: string, facts: RowFacts): Promise<void> {
  await writeFile(join(folder, ROWS), JSON.stringify(rowFactsSchema.parse({ schemaVersion: 1, ...facts })));
}

/** The facts of a Reference of so many rows; undefined when it has none. Throws `invalid-reference`, and `too-large` above {@link MAX_BYTES}. */
export async function readRowFacts(folder: string, rows: number): Promise<RowFacts | undefined> {
  const path = join(folder, ROWS);
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) return undefined;
  if (status.size > MAX_BYTES) throw new GroveError('too-large', { what: path, sizeBytes: status.size, limitBytes: MAX_BYTES });
  const parsed = rowFactsSchema.safeParse(await readJson(path));
  if (!parsed.success) throw new GroveError('invalid-reference', { where: path, problem: z.prettifyError(parsed.error) });
  const { schemaVersion: _, ...facts } = parsed.data;
  const counts = [facts.labels.length, facts.queries?.length ?? rows];
  if (counts.some((count) => count !== rows))
    throw new GroveError('invalid-reference', {
      where: path,
      problem: `it tells of ${counts.join(' and ')} rows, the Reference has ${rows}`,
    });
  return facts;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new GroveError('invalid-reference', { where: path, problem: cause instanceof Error ? cause.message : String(cause) }, { cause });
  }
}
