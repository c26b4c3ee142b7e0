import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';

/** Beside a Reference's tensors: what is known of the export it was made of. A file of its own, so that readers of the others need not know it. */
const EXPORT = 'export.json';
const MAX_BYTES = 65_536;

const exportFactsSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** What the export computes in, or keeps weights in, below float32; empty for a float32 export. */
  lowPrecision: z.array(z.string().max(100)).max(64),
});

export type ExportFacts = Omit<z.infer<typeof exportFactsSchema>, 'schemaVersion'>;

/** Writes the facts into a Reference's folder. */
export async function writeExportFacts(folder: string, { lowPrecision }: ExportFacts): Promise<void> {
  const facts = exportFactsSchema.parse({ schemaVersion: 1, lowPrecision: lowPrecision.slice(0, 64) });
  await writeFile(join(folder, EXPORT), JSON.stringify(facts));
}

/** The facts of a Reference; undefined for one made before they were written. Throws `invalid-reference`. */
export async function readExportFacts(folder: string): Promise<ExportFacts | undefined> {
  const path = join(folder, EXPORT);
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) return undefined;
  if (status.size > MAX_BYTES) throw new GroveError('invalid-reference', { where: path, problem: `it has ${status.size} bytes` });
  const parsed = exportFactsSchema.safeParse(await readJson(path));
  if (!parsed.success) throw new GroveError('invalid-reference', { where: path, problem: z.prettifyError(parsed.error) });
  return { lowPrecision: parsed.data.lowPrecision };
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new GroveError('invalid-reference', { where: path, problem: cause instanceof Error ? cause.message : String(cause) }, { cause });
  }
}
