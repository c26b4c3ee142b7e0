import type { Condition, Selector } from './condition.ts';

/** A condition as a person writes it; `parseCondition` reads it back. */
export function formatCondition({ key, op, values }: Condition): string {
  if (op === 'exists') return key;
  if (op === 'absent') return `!${key}`;
  if (op === 'in' || op === 'not in') return `${key} ${op} (${values.map(quote).join(', ')})`;
  return `${key}${op}${quote(values[0] ?? '')}`;
}

/** A selector as a person writes it; `parseSelector` reads it back. */
export function formatSelector(selector: Selector): string {
  return selector.map(formatCondition).join('; ');
}

/** Quotes what would be read as something else. */
function quote(value: string): string {
  return value === '' || value !== value.trim() || /[",;()=]/.test(value) ? JSON.stringify(value) : value;
}
