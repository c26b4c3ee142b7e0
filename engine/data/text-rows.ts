import type { DataColumns } from '../../domain/data-columns.ts';
import { GroveError } from '../../domain/errors.ts';
import type { Row } from './row.ts';
import type { TextInput } from './tokenizer.ts';

/** Member of a candidate that holds its text. */
const CANDIDATE_TEXT = 'text';

/** What a data file says of a text or pair beside its words. */
export interface RowFact {
  /** As the file holds it; undefined where it has none. */
  readonly label: unknown;
  /** Equal for the candidates of one query; undefined for single texts. */
  readonly query: string | undefined;
}

/** One text or pair on its way to the tokenizer. */
export interface TextRow {
  readonly input: TextInput;
  readonly fact: RowFact;
}

/** Which columns mean what. */
export interface TextColumns {
  /** One column of texts, or two of pairs. */
  readonly texts: readonly string[];
  readonly label: string | null;
  readonly group: string | null;
}

/** The columns of a data config, replaced where the submitter named others. */
export function textColumns(own: { readonly columns: readonly string[]; readonly label: string | null }, given: DataColumns): TextColumns {
  return { texts: given.columns ?? own.columns, label: given.labelColumn ?? own.label, group: given.groupColumn ?? null };
}

/**
 * The texts of one row of a file: one, or one for each candidate where the second column holds a list of texts or of `{text, label}`. Throws
 * `invalid-row`.
 *
 * @param index number of the row, from 0.
 */
export function textRows(row: Row, index: number, { texts: [first = '', second], label, group }: TextColumns): readonly TextRow[] {
  const text = textOf(row[first], first, index);
  const labelOf = (holder: Row) => (label === null ? undefined : holder[label]);
  if (second === undefined) return [{ input: { text }, fact: { label: labelOf(row), query: undefined } }];
  const passages = row[second];
  const named = group === null ? undefined : JSON.stringify(row[group]);
  if (!Array.isArray(passages)) {
    const pair = textOf(passages, second, index);
    return [{ input: { text, pair }, fact: { label: labelOf(row), query: named ?? JSON.stringify(text) } }];
  }
  return passages.map((candidate: unknown) => {
    const holder = isRow(candidate) ? candidate : { [CANDIDATE_TEXT]: candidate };
    const pair = textOf(holder[CANDIDATE_TEXT], `${second}.${CANDIDATE_TEXT}`, index);
    return { input: { text, pair }, fact: { label: labelOf(holder), query: named ?? `row ${index}` } };
  });
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown, column: string, index: number): string {
  if (typeof value === 'string') return value;
  throw new GroveError('invalid-row', {
    index,
    problem: `column "${column}" holds ${value === null ? 'null' : `a ${typeof value}`}, not text`,
  });
}
