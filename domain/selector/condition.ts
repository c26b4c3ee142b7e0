import { z } from 'zod';
import { canonicalJson } from '../json.ts';
import { fieldOf } from './fields.ts';

/** Bounds of a selector: what a person may write, far below what would make matching slow. */
export const MAX_CONDITIONS = 32;
const MAX_VALUES = 64;
const MAX_VALUE_CHARS = 300;

const operatorSchema = z.enum(['=', '!=', 'in', 'not in', 'exists', 'absent', '>=', '<=']);
type Operator = z.infer<typeof operatorSchema>;

/**
 * One thing asked of a device. `key` is a field of the profile (`driver`, `ep.QNNExecutionProvider`) or a label (`label.pool`). A field of several
 * values (toolchains, capabilities, EPs) equals each of them. `!=` and `not in` hold where the field is absent; `>=` and `<=` do not.
 */
export const conditionSchema = z
  .strictObject({
    key: z.string().min(1).max(160),
    op: operatorSchema,
    values: z.array(z.string()),
  })
  .superRefine((condition, context) => {
    const problem = problemOf(condition);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
export type Condition = z.infer<typeof conditionSchema>;

/** Every condition must hold. Stored sorted, without repetitions: see {@link canonicalSelector}. */
export const selectorSchema = z.array(conditionSchema).max(MAX_CONDITIONS);
export type Selector = readonly Condition[];

/** How many values an operator takes. */
const ARITY: Readonly<Record<Operator, 'none' | 'one' | 'some'>> = {
  '=': 'one',
  '!=': 'one',
  in: 'some',
  'not in': 'some',
  exists: 'none',
  absent: 'none',
  '>=': 'one',
  '<=': 'one',
};

/** Why a condition means nothing: an unknown key, an operator the field has no use for, a value it cannot have. */
export function problemOf({ key, op, values }: Condition): string | undefined {
  const field = fieldOf(key);
  if (typeof field === 'string') return field;
  if ((op === '>=' || op === '<=') && field.kind === 'word') return `${key} has no order: use =, != or in`;
  if ((op === 'exists' || op === 'absent') && field.always) return `every device has ${key}: say which, as in ${key}=${field.example}`;
  if (values.length > MAX_VALUES) return `${values.length} values; at most ${MAX_VALUES} are taken`;
  if (values.some((value) => value.length > MAX_VALUE_CHARS)) return `a value is longer than ${MAX_VALUE_CHARS} characters`;
  if (!arityFits(ARITY[op], values.length)) return `${op} takes ${ARITY[op]} value${ARITY[op] === 'one' ? '' : 's'}`;
  return values.map((value) => field.problem(value, op)).find((problem) => problem !== undefined);
}

function arityFits(arity: 'none' | 'one' | 'some', count: number): boolean {
  return arity === 'none' ? count === 0 : arity === 'one' ? count === 1 : count > 0;
}

/** The one form of equal selectors: values and conditions sorted and once each, `in` of one value written as `=`. */
export function canonicalSelector(selector: Selector): Condition[] {
  const byText = new Map(selector.map(canonicalCondition).map((condition) => [canonicalJson(condition), condition]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, condition]) => condition);
}

function canonicalCondition({ key, op, values }: Condition): Condition {
  const sorted = [...new Set(values)].sort();
  const single = sorted.length === 1;
  if (op === 'in' && single) return { key, op: '=', values: sorted };
  if (op === 'not in' && single) return { key, op: '!=', values: sorted };
  return { key, op, values: sorted };
}

/** `where` as requests of the first version wrote it: label -> value. */
export const labelsSchema = z.record(z.string().max(100), z.string().max(300));

/** The selector of a stored or asked `where`, whichever way it is written. */
export function selectorOf(where: Selector | Readonly<Record<string, string>>): Condition[] {
  return canonicalSelector(Array.isArray(where) ? where : Object.entries(where).map(labelCondition));
}

function labelCondition([name, value]: readonly [string, string]): Condition {
  return { key: `label.${name}`, op: '=', values: [value] };
}
