import { z } from 'zod';
import { GroveError } from './errors.ts';

const column = z.string().min(1).max(200);

/** What is read of a data file in place of what the recipe names. */
export const dataColumnsShape = {
  /** Texts: one column, or two of a sentence pair. The second may hold a list of candidates, each a text or `{text, label}`: one row each. */
  columns: z.array(column).max(16).exactOptional(),
  /** Class or relevance of a row. Default: the data_config's `label_col`, where the file has it. */
  labelColumn: column.exactOptional(),
  /** What rows of one query have in common. Default: the text of the first column, or the list a candidate is in. */
  groupColumn: column.exactOptional(),
} as const;

const dataColumnsSchema = z.strictObject(dataColumnsShape);
export type DataColumns = Readonly<z.infer<typeof dataColumnsSchema>>;

/** Words before `=` in {@link parseDataColumns}. */
const ROLES = { label: 'labelColumn', group: 'groupColumn' } as const;

/**
 * Reads `query,passage,label=relevance,group=qid`: columns in order, then the column of the label and of the group by name. Throws `invalid-argument`.
 */
export function parseDataColumns(text: string): DataColumns {
  const columns: string[] = [];
  const roles: { labelColumn?: string; groupColumn?: string } = {};
  for (const word of text.split(',')) {
    const [role, name] = splitRole(word);
    if (role === undefined) columns.push(name);
    else roles[role] = name;
  }
  const parsed = dataColumnsSchema.safeParse({ ...(columns.length > 0 && { columns }), ...roles });
  if (!parsed.success)
    throw new GroveError('invalid-argument', { problem: `"${text}" names no columns: query,passage,label=COLUMN,group=COLUMN` });
  return parsed.data;
}

function splitRole(word: string): readonly [(typeof ROLES)[keyof typeof ROLES] | undefined, string] {
  const equals = word.indexOf('=');
  if (equals === -1) return [undefined, word];
  const role = word.slice(0, equals);
  if (role !== 'label' && role !== 'group')
    throw new GroveError('invalid-argument', { problem: `"${role}" is no role of a column: say label=COLUMN or group=COLUMN` });
  return [ROLES[role], word.slice(equals + 1)];
}

/** The text that {@link parseDataColumns} reads back; empty when nothing is replaced. */
export function formatDataColumns({ columns = [], labelColumn, groupColumn }: DataColumns): string {
  const roles = [labelColumn === undefined ? [] : [`label=${labelColumn}`], groupColumn === undefined ? [] : [`group=${groupColumn}`]];
  return [...columns, ...roles.flat()].join(',');
}
