import type { ExternalResult } from '../../domain/imported-result.ts';

/** What the person knows and a file may not say; where a file says it too, its own words win in CSV, and the person's in a report of winml. */
export type ResultFacts = Partial<Pick<ExternalResult, 'modelId' | 'variant' | 'deviceModel' | 'deviceClass' | 'ep' | 'ortVersion'>>;

/** A result before it is checked, with the line it begins at. */
export interface DraftResult {
  readonly line: number;
  readonly result: Partial<ExternalResult>;
}

/** Something wrong with a file, at a line. */
export class LineError extends Error {
  readonly line: number | undefined;

  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}

/** A number as other tools print them. Throws LineError. */
export function numberIn(text: string, what: string, line?: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new LineError(`${what} is "${text.slice(0, 40)}", not a number`, line);
  return value;
}
