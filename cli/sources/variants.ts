import { GroveError } from '../../domain/errors.ts';

/**
 * The settings of each variant that `--sweep pass.parameter=a,b` options ask for: one list per combination of their values. A comma inside brackets,
 * braces or double quotes belongs to its value. Throws `invalid-argument`.
 */
export function variantsOf(sweeps: readonly string[]): string[][] {
  return sweeps
    .map(settingsOf)
    .reduce<string[][]>((variants, settings) => variants.flatMap((variant) => settings.map((one) => [...variant, one])), [[]]);
}

function settingsOf(sweep: string): readonly string[] {
  const equals = sweep.indexOf('=');
  const values = splitValues(sweep.slice(equals + 1));
  if (equals < 1 || values.length < 2 || values.includes(''))
    throw new GroveError('invalid-argument', {
      problem: `--sweep takes pass.parameter=value,value with two values or more, not "${sweep}"`,
    });
  return [...new Set(values)].map((value) => `${sweep.slice(0, equals)}=${value}`);
}

function splitValues(text: string): readonly string[] {
  const values = [''];
  let depth = 0;
  for (const part of text.match(/"(?:\\.|[^"\\])*"|[\s\S]/g) ?? []) {
    if (part === '[' || part === '{') depth += 1;
    if (part === ']' || part === '}') depth -= 1;
    if (part === ',' && depth === 0) values.push('');
    else values[values.length - 1] += part;
  }
  return values.map((value) => value.trim());
}
