import { GroveError } from '../../domain/errors.ts';
import type { DataConfig } from '../../domain/recipe/recipe.ts';
import type { NamedTensors } from '../runtime/tensor.ts';
import type { DataBatches } from './data-batches.ts';
import { MAX_ROWS, readRows } from './data-source.ts';
import { dummyBatches } from './dummy-data.ts';
import type { Row } from './row.ts';
import { rowRange } from './split.ts';
import { type EncodeOptions, type Encoding, stackEncodings, type TextInput, type TextTokenizer } from './tokenizer.ts';
import type { Truncation } from './truncate.ts';

/** Olive tokenises through `datasets.map(batched=True)`, whose batches have 1,000 rows: padding `longest` pads within each of these. */
const MAP_BATCH_ROWS = 1_000;

/** Where the rows of a data config come from on this machine. */
export interface DataConfigInputs {
  readonly config: DataConfig;
  /** Absolute path of the local JSON Lines or Parquet file that holds the data set's split. Not needed by DummyDataContainer. */
  readonly file?: string;
  /** Replace the config's own input columns (`--data NAME=FILE:columns`). */
  readonly columns?: readonly string[];
  /** Needed by every container that holds text. */
  readonly tokenizer?: TextTokenizer;
  /** Batches wanted at most, from the start: no more rows are read and tokenised than they need. Default: all. */
  readonly maxBatches?: number;
}

/**
 * Evaluates an Olive data config on local data as Olive does: rows 0..max_samples-1 of the split (after `col_filters`), then tokenising the listed
 * columns, then batches in order. Labels are not read: no metric of Grove uses a data config's label column.
 * Throws `unsupported-data` for containers and components that cannot be evaluated natively, `invalid-data-file` for the file's faults,
 * `invalid-row` for a row that cannot be encoded.
 */
export async function evaluateDataConfig(inputs: DataConfigInputs): Promise<DataBatches> {
  const { config } = inputs;
  if (isType(config.type, 'DummyDataContainer')) return dummyBatches(config);
  checkSupported(config);
  if (inputs.file === undefined) throw unsupported(config, 'it has no local file on this machine');
  if (inputs.tokenizer === undefined) throw unsupported(config, 'the model has no tokenizer');
  const columns = inputs.columns ?? config.tokenization.columns;
  const rows = await selectRows(config, { file: inputs.file, columns, maxRows: rowsNeeded(inputs) });
  const texts = rows.map((row, index) => textInput(row, index, columns));
  const encodings = tokenize(texts, inputs.tokenizer, encodeOptions(config));
  const wanted = encodings.slice(0, (inputs.maxBatches ?? Number.POSITIVE_INFINITY) * config.batchSize);
  return { batches: batch(wanted, config), rowCount: rowsUsed(wanted.length, config) };
}

/** Whole map batches, because padding looks at all rows of one. */
function rowsNeeded({ config, maxBatches }: DataConfigInputs): number {
  if (maxBatches === undefined) return MAX_ROWS;
  return Math.ceil((maxBatches * config.batchSize) / MAP_BATCH_ROWS) * MAP_BATCH_ROWS;
}

function checkSupported(config: DataConfig): void {
  if (!isType(config.type, 'HuggingfaceContainer')) throw unsupported(config, `container ${config.type} is not read natively`);
  checkComponent(config, config.load.type, ['huggingface_dataset']);
  checkComponent(config, config.preProcess.type, ['huggingface_pre_process', 'tokenizer_pre_process']);
  checkComponent(config, config.dataloader.type, ['default_dataloader']);
  const { params } = config.preProcess;
  if (params['is_split_into_words'] === true) throw unsupported(config, 'is_split_into_words is not read natively');
  if (params['extended_mask_type'] === true) throw unsupported(config, 'extended_mask_type is not read natively');
}

function checkComponent(config: DataConfig, type: string | null, known: readonly string[]): void {
  if (type !== null && !known.some((name) => isType(type, name))) throw unsupported(config, `component ${type} is not read natively`);
}

interface RowSelection {
  readonly file: string;
  readonly columns: readonly string[];
  readonly maxRows: number;
}

async function selectRows(config: DataConfig, { file, columns, maxRows }: RowSelection): Promise<readonly Row[]> {
  if (columns.length < 1 || columns.length > 2) throw unsupported(config, `input_cols must name one or two columns, not ${columns.length}`);
  const range = rowRange(config.source.split);
  if (range === undefined)
    throw unsupported(config, `split "${config.source.split}" is not of the form name or name[from:to] with row numbers`);
  const wanted = Math.min(config.tokenization.maxSamples ?? MAX_ROWS, maxRows);
  const filters = columnFilters(config);
  // With filters any row of the slice may count; without them the file is read no further than the last row used.
  const limit = filters.length > 0 ? range.to : Math.min(range.to, range.from + wanted);
  const read = await readRows({ file, columns: [...columns, ...filters.map(([column]) => column)], limit: Math.min(limit, MAX_ROWS) });
  const rows = read.slice(range.from).filter((row) => filters.every(([column, value]) => row[column] === value));
  if (rows.length === 0)
    throw new GroveError('invalid-data-file', { file: config.name, where: '', problem: 'no row is left after split and filters' });
  return rows.slice(0, wanted);
}

function columnFilters(config: DataConfig): readonly (readonly [string, unknown])[] {
  const filters = config.load.params['col_filters'];
  return typeof filters === 'object' && filters !== null && !Array.isArray(filters) ? Object.entries(filters) : [];
}

function textInput(row: Row, index: number, columns: readonly string[]): TextInput {
  const [text, pair] = columns.map((column) => textOf(row[column], column, index));
  return pair === undefined ? { text: text ?? '' } : { text: text ?? '', pair };
}

function textOf(value: unknown, column: string, index: number): string {
  if (typeof value === 'string') return value;
  throw new GroveError('invalid-row', {
    index,
    problem: `column "${column}" holds ${value === null ? 'null' : `a ${typeof value}`}, not text`,
  });
}

function encodeOptions(config: DataConfig): EncodeOptions {
  const { padding, maxLength, addSpecialTokens } = config.tokenization;
  return { padding, truncation: truncationOf(config), addSpecialTokens, ...(maxLength === null ? {} : { maxLength }) };
}

function truncationOf(config: DataConfig): Truncation {
  const written = config.preProcess.params['truncation'];
  if (written === 'only_first' || written === 'only_second') return written;
  return config.tokenization.truncation ? 'longest_first' : 'none';
}

function tokenize(texts: readonly TextInput[], tokenizer: TextTokenizer, options: EncodeOptions): readonly Encoding[] {
  const encodings: Encoding[] = [];
  for (let start = 0; start < texts.length; start += MAP_BATCH_ROWS) {
    encodings.push(...tokenizer.encode(texts.slice(start, start + MAP_BATCH_ROWS), options));
  }
  return encodings;
}

function batch(encodings: readonly Encoding[], config: DataConfig): readonly NamedTensors[] {
  const batches: NamedTensors[] = [];
  for (let start = 0; start < rowsUsed(encodings.length, config); start += config.batchSize) {
    const rows = encodings.slice(start, start + config.batchSize);
    const lengths = new Set(rows.map((row) => row.inputIds.length));
    if (lengths.size > 1)
      throw unsupported(config, `rows ${start} to ${start + rows.length - 1} differ in length and cannot form a batch; set padding`);
    batches.push(stackEncodings(rows));
  }
  return batches;
}

function rowsUsed(rows: number, config: DataConfig): number {
  return config.dropLast ? rows - (rows % config.batchSize) : rows;
}

/** Olive looks up containers and components without regard to case. */
function isType(type: string, name: string): boolean {
  return type.toLowerCase() === name.toLowerCase();
}

function unsupported(config: DataConfig, problem: string): GroveError {
  return new GroveError('unsupported-data', { name: config.name, problem });
}
