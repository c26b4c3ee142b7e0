import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import { EXPORT_TASKS } from '../../domain/passes/hf-model.ts';
import { checkModel } from '../onnx/check.ts';
import { type ExportedModel, exportCheckpoint } from './export-model.ts';
import { changedCheckpoint, FAMILIES } from './reference-exports.cases.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-hostile-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What a configuration or an io_config might hold in the place of what belongs there. */
const oddity = fc.oneof(
  fc.constantFrom<unknown>(0, -1, 1, 2, 16, 1e9, 2 ** 53, 1.5, '16', 'gelu', 'relu', '__proto__', '', null, true, false, [], {}),
  fc.jsonValue(),
);

const MEMBERS = [
  ...[
    'vocab_size',
    'hidden_size',
    'dim',
    'num_hidden_layers',
    'n_layers',
    'num_attention_heads',
    'n_heads',
    'intermediate_size',
    'hidden_dim',
  ],
  ...['max_position_embeddings', 'type_vocab_size', 'layer_norm_eps', 'hidden_act', 'activation', 'pad_token_id', 'id2label', 'num_labels'],
  ...['tie_word_embeddings', 'is_decoder', 'pruned_heads', 'model_type', 'dtype', 'torch_dtype', 'position_embedding_type'],
];

async function exported(attempt: Promise<ExportedModel>): Promise<ExportedModel | undefined> {
  return attempt.catch((thrown: unknown) => {
    expect(thrown).toBeInstanceOf(GroveError);
    return undefined;
  });
}

const choices = {
  family: fc.constantFrom(...FAMILIES),
  task: fc.constantFrom(...EXPORT_TASKS),
  opset: fc.constantFrom(17, 20, 21),
  dynamic: fc.boolean(),
  attention: fc.constantFrom('sdpa' as const, 'eager' as const),
  dtype: fc.constantFrom('float32', 'float16', 'auto'),
};

describe('a checkpoint', () => {
  test('with any configuration gives a sound graph or a GroveError', async () => {
    const changes = fc.dictionary(fc.constantFrom(...MEMBERS), oddity, { maxKeys: 3 });
    await fc.assert(
      fc.asyncProperty(fc.record(choices), changes, async ({ family, ...options }, config) => {
        const model = (await exported(exportCheckpoint(await changedCheckpoint(folder, family, config), options)))?.model;
        if (model) checkModel(model);
      }),
      { numRuns: 120 },
    );
  });

  test('with any io_config gives a sound graph or a GroveError', async () => {
    const name = fc.constantFrom('input_ids', 'attention_mask', 'token_type_ids', 'logits', 'x', '__proto__');
    const axes = fc.dictionary(fc.constantFrom('0', '1', '2', '7', 'x'), fc.oneof(fc.constantFrom('N', 'L', '3'), oddity), { maxKeys: 3 });
    const config = fc.record(
      {
        input_names: fc.oneof(fc.array(name, { maxLength: 4 }), oddity),
        input_shapes: fc.oneof(
          fc.constantFrom(
            [
              [1, 8],
              [1, 8],
            ],
            [
              [1, 8],
              [1, 8],
              [1, 8],
            ],
          ),
          oddity,
        ),
        input_types: fc.oneof(fc.constantFrom(['int64', 'int64'], ['int32', 'int32', 'int64']), oddity),
        output_names: fc.oneof(fc.array(name, { maxLength: 3 }), oddity),
        dynamic_axes: fc.oneof(fc.dictionary(name, fc.oneof(axes, oddity), { maxKeys: 3 }), oddity),
        string_to_int_dim_params: fc.oneof(fc.constantFrom(['3']), oddity),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.record(choices), config, async ({ family, ...options }, ioConfig) => {
        const checkpoint = await changedCheckpoint(folder, family, {});
        const model = (await exported(exportCheckpoint(checkpoint, { ...options, ioConfig })))?.model;
        if (model) checkModel(model);
      }),
      { numRuns: 120 },
    );
  });
});
