import type { DataColumns } from '../../domain/data-columns.ts';
import { GroveError } from '../../domain/errors.ts';
import { isDummyData } from '../../domain/recipe/conversion-data.ts';
import type { DataConfig } from '../../domain/recipe/recipe.ts';
import type { NamedTensors } from '../runtime/tensor.ts';
import { streamRows } from './data-source.ts';
import { dummyBatches } from './dummy-data.ts';
import { MAX_ROWS, type Row } from './row.ts';
import { type RowRange, rowRange } from './split.ts';
import { type RowFact, type TextColumns, type TextRow, textColumns, textRows } from './text-rows.ts';
import { type EncodeOptions, type Encoding, stackEncodings, type TextTokenizer } from './tokenizer.ts';
import type { Truncation } from './truncate.ts';

/** Olive tokenises through `datasets.map(batched=True)`, whose batches have 1,000 rows: padding `longest` pads within each of these. */
const MAP_BATCH_ROWS = 1_000;

/** Where the rows of a data config come from on this machine, and what is read of them in place of the config's own (`--data NAME=FILE:columns`). */
export interface DataConfigInputs extends DataColumns {
  readonly config: DataConfig;
  /** Absolute path of the local file that holds the data set's split. Not needed by DummyDataContainer. */
  readonly file?: string;
  /** Needed by every container that holds text. */
  readonly tokenizer?: TextTokenizer;
}

/** A batch with what the data says of its rows. */
export interface LabelledBatch {
  readonly tensors: NamedTensors;
  /** One a row; none of a data config that makes its rows up. */
  readonly facts: readonly RowFact[];
}

/**
 * Evaluates an Olive data config on local data as Olive does: rows 0..max_samples-1 of the split (after `col_filters`), then tokenising the listed
 * columns, then batches in order: named int64 tensors [batch, tokens], of which the last may be smaller unless `drop_last`. A row with a list of candidates
 * counts as that many. Everything is read as it is asked for, so that memory does not grow with the number of rows.
 * Throws `unsupported-data` for containers and components that cannot be evaluated natively, `invalid-data-file` for the file's faults,
 * `invalid-row` for a row that cannot be encoded.
 */
export async function* evaluateDataConfig(inputs: DataConfigInputs): AsyncGenerator<NamedTensors> {
  for await (const { tensors } of evaluateLabelled(inputs)) yield tensors;
}

/** {@link evaluateDataConfig} with label and query of every row. */
export async function* evaluateLabelled(inputs: DataConfigInputs): AsyncGenerator<LabelledBatch> {
  const { config, file, tokenizer } = inputs;
  if (isDummyData(config)) {
    for (const tensors of dummyBatches(config)) yield { tensors, facts: [] };
    return;
  }
  const columns = textColumns({ columns: config.tokenization.columns, label: config.labelColumn }, inputs);
  checkDataConfig(config, columns.texts);
  if (file === undefined) throw unsupported(config, 'it has no local file on this machine');
  if (tokenizer === undefined) throw unsupported(config, 'the model has no tokenizer');
  const source = { file, columns, required: requiredColumns(columns, inputs), tokenizer };
  let pending: EncodedRow[] = [];
  let first = 0;
  for await (const rows of encodedRows(config, source)) {
    pending.push(...rows);
    const complete = pending.length - (pending.length % config.batchSize);
    for (let start = 0; start < complete; start += config.batchSize) {
      yield stack(pending.slice(start, start + config.batchSize), { config, first: first + start });
    }
    pending = pending.slice(complete);
    first += complete;
  }
  if (pending.length > 0 && !config.dropLast) yield stack(pending, { config, first });
}

/** Throws `unsupported-data` when Grove cannot evaluate the data config with these columns, whatever the rows. */
export function checkDataConfig(config: DataConfig, columns: readonly string[] = config.tokenization.columns): void {
  if (isDummyData(config)) return void dummyBatches(config);
  if (!isType(config.type, 'HuggingfaceContainer')) throw unsupported(config, `container ${config.type} is not read natively`);
  checkComponent(config, config.load.type, ['huggingface_dataset']);
  checkComponent(config, config.preProcess.type, ['huggingface_pre_process', 'tokenizer_pre_process']);
  checkComponent(config, config.dataloader.type, ['default_dataloader']);
  const { params } = config.preProcess;
  if (params['is_split_into_words'] === true) throw unsupported(config, 'is_split_into_words is not read natively');
  if (params['extended_mask_type'] === true) throw unsupported(config, 'extended_mask_type is not read natively');
  if (columns.length < 1 || columns.length > 2) throw unsupported(config, `input_cols must name one or two columns, not ${columns.length}`);
  sliceOf(config);
}

function checkComponent(config: DataConfig, type: string | null, known: readonly string[]): void {
  if (type !== null && !known.some((name) => isType(type, name))) throw unsupported(config, `component ${type} is not read natively`);
}

function sliceOf(config: DataConfig): RowRange {
  const range = rowRange(config.source.split);
  if (range === undefined)
    throw unsupported(config, `split "${config.source.split}" is not of the form name or name[from:to] with row numbers`);
  return range;
}

interface TextSource {
  readonly file: string;
  readonly columns: TextColumns;
  /** Columns that every row must have. */
  readonly required: readonly string[];
  readonly tokenizer: TextTokenizer;
}

/** A column the submitter names must be there, in the row or in each candidate; the config's own label may be missing. */
function requiredColumns({ texts }: TextColumns, { groupColumn }: DataColumns): readonly string[] {
  return [...texts, ...(groupColumn === undefined ? [] : [groupColumn])];
}

interface EncodedRow {
  readonly encoding: Encoding;
  readonly fact: RowFact;
}

/** Rows as token ids, some at a time: padding to the longest row looks at all rows of a map batch, anything else at one row. */
async function* encodedRows(config: DataConfig, source: TextSource): AsyncGenerator<readonly EncodedRow[]> {
  const options = encodeOptions(config);
  const atOnce = options.padding === 'longest' ? MAP_BATCH_ROWS : Math.min(config.batchSize, MAP_BATCH_ROWS);
  const encode = (texts: readonly TextRow[]): EncodedRow[] => {
    const encodings = source.tokenizer.encode(
      texts.map(({ input }) => input),
      options,
    );
    return texts.flatMap(({ fact }, index) => (encodings[index] === undefined ? [] : [{ encoding: encodings[index], fact }]));
  };
  let texts: TextRow[] = [];
  for await (const row of selectedTexts(config, source)) {
    texts.push(row);
    if (texts.length < atOnce) continue;
    yield encode(texts);
    texts = [];
  }
  if (texts.length > 0) yield encode(texts);
}

/** Texts of the selected rows, `max_samples` at most: candidates count one by one. */
async function* selectedTexts(config: DataConfig, source: TextSource): AsyncGenerator<TextRow> {
  let left = config.tokenization.maxSamples ?? MAX_ROWS;
  let index = 0;
  for await (const row of selectedRows(config, source)) {
    for (const text of textRows(row, index++, source.columns)) {
      yield text;
      left -= 1;
      if (left <= 0) return;
    }
  }
}

/** Rows after split, filters and `max_samples`, in file order. */
async function* selectedRows(config: DataConfig, { file, columns, required }: TextSource): AsyncGenerator<Row> {
  const { from, to } = sliceOf(config);
  const wanted = config.tokenization.maxSamples ?? MAX_ROWS;
  const filters = columnFilters(config);
  // With filters any row of the slice may count; without them the file is read no further than the last row used.
  const limit = filters.length > 0 ? to : Math.min(to, from + wanted);
  const query = {
    file,
    columns: [...required, ...filters.map(([column]) => column)],
    optional: columns.label === null ? [] : [columns.label],
    limit: Math.min(Math.max(limit, 1), MAX_ROWS),
  };
  let position = 0;
  let taken = 0;
  for await (const row of streamRows(query)) {
    const isInSlice = position >= from && position < to;
    position += 1;
    if (!isInSlice || !filters.every(([column, value]) => row[column] === value)) continue;
    yield row;
    taken += 1;
    if (taken >= wanted) return;
  }
  if (taken === 0)
    throw new GroveError('invalid-data-file', { file: config.name, where: '', problem: 'no row is left after split and filters' });
}

function columnFilters(config: DataConfig): readonly (readonly [string, unknown])[] {
  const filters = config.load.params['col_filters'];
  return typeof filters === 'object' && filters !== null && !Array.isArray(filters) ? Object.entries(filters) : [];
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

function stack(rows: readonly EncodedRow[], { config, first }: { readonly config: DataConfig; readonly first: number }): LabelledBatch {
  if (new Set(rows.map(({ encoding }) => encoding.inputIds.length)).size > 1)
    throw unsupported(config, `rows ${first} to ${first + rows.length - 1} differ in length and cannot form a batch; set padding`);
  return { tensors: stackEncodings(rows.map(({ encoding }) => encoding)), facts: rows.map(({ fact }) => fact) };
}

/** Olive looks up containers and components without regard to case. */
function isType(type: string, name: string): boolean {
  return type.toLowerCase() === name.toLowerCase();
}

function unsupported(config: DataConfig, problem: string): GroveError {
  return new GroveError('unsupported-data', { name: config.name, problem });
}
