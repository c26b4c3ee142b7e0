import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RowFact } from '../data/text-rows.ts';
import { type RowFacts, withoutLastQuery } from './row-facts.ts';

/** Collects what a Reference keeps of its rows' labels and queries, as numbers. */
export class RowLabels {
  readonly #labelIds: ReadonlyMap<string, number>;
  readonly #labels: (number | null)[] = [];
  readonly #queries: (number | null)[] = [];
  readonly #numbers = new Map<string, number>();

  /** @param labelIds numbers of labels that the data holds as words. */
  constructor(labelIds: ReadonlyMap<string, number>) {
    this.#labelIds = labelIds;
  }

  add(facts: readonly RowFact[]): void {
    for (const { label, query } of facts) {
      this.#labels.push(this.#labelOf(label));
      this.#queries.push(query === undefined ? null : this.#queryOf(query));
    }
  }

  /**
   * @param complete whether no row was left out. Else the last query may have lost candidates and belongs to none.
   * @param rows of the Reference: a data config that makes its rows up says nothing of them.
   */
  finish(complete: boolean, rows: number): RowFacts {
    const known = this.#labels.length === rows;
    const labels = known ? this.#labels : new Array<null>(rows).fill(null);
    const isPaired = known && this.#queries.some((query) => query !== null);
    const queries = isPaired ? this.#queries : null;
    return complete ? { complete, labels, queries } : { complete, labels, queries: queries && withoutLastQuery(queries) };
  }

  /** Numbers, also written as text in a CSV file; yes and no; and the model's own names of its labels. */
  #labelOf(label: unknown): number | null {
    if (typeof label === 'boolean') return Number(label);
    if (typeof label === 'string')
      return this.#labelIds.get(label.toLowerCase()) ?? (/^-?\d+(\.\d+)?$/.test(label.trim()) ? Number(label) : null);
    return typeof label === 'number' && Number.isFinite(label) ? label : null;
  }

  #queryOf(query: string): number {
    const known = this.#numbers.get(query);
    if (known !== undefined) return known;
    this.#numbers.set(query, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}

const labelsSchema = z.object({ label2id: z.record(z.string(), z.int()) });

/** `label2id` of a checkpoint's configuration, in lower case; empty when there is none. */
export async function readLabelIds(folder: string): Promise<ReadonlyMap<string, number>> {
  const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => '{}');
  const parsed = labelsSchema.safeParse(parseJson(text));
  return new Map(Object.entries(parsed.data?.label2id ?? {}).map(([label, id]) => [label.toLowerCase(), id]));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
