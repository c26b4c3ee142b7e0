import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { type ExternalResult, externalResultSchema } from '../../domain/imported-result.ts';
import { parseCsvResults } from './parse-csv.ts';
import { parsePerfTest } from './parse-perf-test.ts';
import { parseWinml } from './parse-winml.ts';
import { type DraftResult, LineError, type ResultFacts } from './result-facts.ts';

/** Formats of `grove result import`. */
export const RESULT_FORMATS = ['perf-test', 'winml', 'csv'] as const;
export type ResultFormat = (typeof RESULT_FORMATS)[number];

const MAX_BYTES = 8 * 1024 * 1024;

const PARSERS: Readonly<Record<ResultFormat, (text: string, facts: ResultFacts) => readonly DraftResult[]>> = {
  'perf-test': (text, facts) => [parsePerfTest(text, facts)],
  winml: (text, facts) => [parseWinml(text, facts)],
  csv: parseCsvResults,
};

/** What is asked of a file. */
export interface ResultFile {
  readonly path: string;
  readonly format: ResultFormat;
  readonly facts: ResultFacts;
}

/** The results in a file of another tool. Throws `invalid-data-file` with the line, and `too-large`. */
export async function readResultFile({ path, format, facts }: ResultFile): Promise<readonly ExternalResult[]> {
  const file = basename(path);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw new GroveError('invalid-data-file', { file, where: '', problem: 'there is no such file' });
  if (found.size > MAX_BYTES) throw new GroveError('too-large', { what: file, sizeBytes: found.size, limitBytes: MAX_BYTES });
  return parseResults(await readFile(path, 'utf8'), { file, format, facts });
}

/** {@link readResultFile} of its text. */
export function parseResults(
  text: string,
  { file, format, facts }: Omit<ResultFile, 'path'> & { readonly file: string },
): readonly ExternalResult[] {
  try {
    return PARSERS[format](text.replace(/^\uFEFF/, ''), facts).map(checked);
  } catch (cause) {
    if (!(cause instanceof LineError)) throw cause;
    throw new GroveError('invalid-data-file', {
      file,
      where: cause.line === undefined ? '' : ` line ${cause.line}`,
      problem: cause.message,
    });
  }
}

function checked({ line, result }: DraftResult): ExternalResult {
  const parsed = externalResultSchema.safeParse({ ...UNKNOWN, ...result });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new LineError(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`, line);
}

const UNKNOWN = {
  ...{ variant: 'as it is', isMean: false, minMs: null, maxMs: null, p90Ms: null, p99Ms: null },
  ...{ samples: null, throughputPerSecond: null, ortVersion: null },
};
