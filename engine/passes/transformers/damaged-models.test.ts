import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Model } from '../../graph/model.ts';
import { readModel } from '../../onnx/read.ts';
import { encodeModel } from '../../onnx/write.ts';
import type { NamedTensors, Tensor } from '../../runtime/tensor.ts';
import { int64Tensor } from '../../runtime/tensor.ts';
import { damage, damages } from './damage.cases.ts';
import { fixtureModel } from './fixtures.cases.ts';
import { floatFeed, largestDifference, optimize, outputsOf } from './fusions.cases.ts';

const MODELS = [
  'bert-sdpa-14',
  'bert-sdpa-17',
  'bert-eager-17',
  'bert-gelu-new-17',
  'distilbert-sdpa-17',
  'roberta-sdpa-17',
  'vit-eager-17',
];

const OPTIONS: readonly Readonly<Record<string, unknown>>[] = [
  {},
  { use_multi_head_attention: true },
  { attention_mask_format: 2 },
  { enable_attention: false },
  { enable_skip_layer_norm: false },
  { enable_gelu: false, enable_bias_gelu: false },
];

/** Two rows of six tokens, the second padded at its end, which is what counting tokens assumes. */
function feedsOf({ graph }: Model): NamedTensors {
  const tokens = (value: (index: number) => number): Tensor =>
    int64Tensor(
      Array.from({ length: 12 }, (_, index) => value(index)),
      [2, 6],
    );
  const feeds: NamedTensors = {
    input_ids: tokens((index) => (index * 7 + 2) % 20),
    attention_mask: tokens((index) => (index < 10 ? 1 : 0)),
    token_type_ids: tokens((index) => index % 2),
    pixel_values: floatFeed(2, 3, 8, 8),
  };
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => graph.isInput(name)));
}

/** Undefined for a model that does not run, or whose outputs are beyond comparison. */
async function meaningfulOutputs(model: Model, feeds: NamedTensors): Promise<NamedTensors | undefined> {
  const outputs = await outputsOf(model, feeds).catch(() => undefined);
  const isTame = (element: number | bigint | string): boolean => Math.abs(Number(element)) < 1e30;
  return outputs !== undefined && Object.values(outputs).every(({ data }) => [...data].every(isTame)) ? outputs : undefined;
}

it('a damaged model keeps what it computes', async () => {
  const models = new Map(await Promise.all(MODELS.map(async (name) => [name, encodeModel(await fixtureModel(name))] as const)));
  const given = fc.record({
    name: fc.constantFrom(...MODELS),
    damages,
    options: fc.constantFrom(...OPTIONS),
    level: fc.constantFrom(0, 0, 0, 1),
  });
  await fc.assert(
    fc.asyncProperty(given, async ({ name, damages: list, options, level }) => {
      const model = readModel(models.get(name) ?? new Uint8Array());
      damage(model, list);
      const feeds = feedsOf(model);
      const before = await meaningfulOutputs(model, feeds);
      fc.pre(before !== undefined);
      const type = name.startsWith('vit') ? 'vit' : 'bert';
      const { model: fused } = await optimize(model, { model_type: type, opt_level: level, optimization_options: options });
      const after = await outputsOf(fused, feedsOf(fused));
      for (const [output, tensor] of Object.entries(before ?? {})) {
        expect(after[output]?.dims).toEqual(tensor.dims);
        expect(largestDifference(after[output], tensor)).toBeLessThan(2e-4);
      }
    }),
    { numRuns: 25 },
  );
});
