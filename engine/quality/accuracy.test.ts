import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { accuracyValue } from './accuracy.ts';

interface Vector {
  readonly config: Readonly<Record<string, unknown>>;
  readonly predicted: readonly number[];
  readonly labels: readonly number[];
  readonly values: Readonly<Record<string, number>>;
}
const VECTORS: readonly Vector[] = JSON.parse(readFileSync(new URL('fixtures/accuracy-vectors.json', import.meta.url), 'utf8'));

describe('accuracyValue', () => {
  it('is what torchmetrics answers, for every sub-type and average', () => {
    expect(VECTORS.length).toBeGreaterThan(20);
    for (const { config, predicted, labels, values } of VECTORS) {
      const ours = Object.keys(values).map((subType) => [subType, accuracyValue(subType, config, { predicted, labels })]);
      const theirs = Object.entries(values).map(([subType, value]) => [subType, { value: expect.closeTo(value, 6) }]);
      expect(ours).toEqual(theirs);
    }
  });

  const two = { predicted: [0, 1, 1], labels: [0, 1, 0] };

  it("takes Olive's defaults where the recipe writes nothing", () => {
    expect(accuracyValue('accuracy_score', {}, two)).toEqual({ value: 2 / 3 });
    expect(accuracyValue('precision', { task: null, average: null, ignore_index: null, threshold: 0.5 }, two)).toEqual({ value: 0.5 });
  });

  it.each([
    ['a sub-type of its own world', 'perplexity', {}, two, /does not compute perplexity/],
    ['several classes under the default task', 'accuracy_score', {}, { predicted: [2], labels: [1] }, /class 2 .* binary .* multiclass/],
    ['a multiclass metric without its classes', 'f1_score', { task: 'multiclass' }, two, /num_classes/],
    ['a label that is no class', 'recall', { task: 'multiclass', num_classes: 3 }, { predicted: [0], labels: [-100] }, /class -100/],
    ['rows without labels', 'recall', {}, { predicted: [0, 1], labels: [null, 1] }, /not all of the rows/],
    ['several labels a row', 'recall', { task: 'multilabel', num_labels: 2 }, two, /metric_config.task/],
    ['the best of several', 'accuracy_score', { task: 'multiclass', num_classes: 3, top_k: 2 }, two, /metric_config.top_k/],
    ['one value a class', 'recall', { task: 'multiclass', num_classes: 3, average: 'none' }, two, /metric_config.average/],
  ])('says why it leaves %s unresolved', (_, subType, config, classes, why) => {
    expect(accuracyValue(subType, config, classes)).toEqual({ why: expect.stringMatching(why) });
  });
});
