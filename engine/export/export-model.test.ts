import { mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExportTask } from '../../domain/passes/hf-model.ts';
import { loadTokenizer } from '../data/tokenizer.ts';
import { DataType } from '../graph/data-type.ts';
import { halvesFromFloats } from '../graph/half.ts';
import type { Model } from '../graph/model.ts';
import { float32Values, makeTensor, type Tensor, toFloat32 } from '../graph/tensor.ts';
import { transpose } from '../graph/transpose.ts';
import { checkModel } from '../onnx/check.ts';
import { encodeModel } from '../onnx/write.ts';
import { safetensorsOf, TINY_BERT, tinyTensors, writeCheckpoint } from './checkpoints.cases.ts';
import type { ExportOptions } from './emit-checkpoint.ts';
import { exportCheckpoint } from './export-model.ts';
import { EXPORTS } from './reference-exports.cases.ts';
import { parseSafetensors } from './safetensors.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-export-'));
});
afterEach(() => rm(folder, { recursive: true }));

type Rows = Record<'input_ids' | 'attention_mask' | 'token_type_ids', number[][]>;

interface Expected {
  batches: { inputs: Rows; logits: number[]; pooler: number[]; hidden: number[] }[];
}

const expectedOutputs: Expected = JSON.parse(await readFile(join(TINY_BERT, 'expected.json'), 'utf8'));

const classification: ExportOptions = { task: 'text-classification', opset: 17, dynamic: true };
const features: ExportOptions = { task: 'feature-extraction', opset: 17, dynamic: true };

async function run(model: Model, rows: Rows): Promise<Record<string, Float32Array>> {
  checkModel(model);
  const session = await InferenceSession.create(encodeModel(model), { logSeverityLevel: 3 });
  const shape = [rows.input_ids.length, rows.input_ids[0]!.length];
  const feeds = Object.fromEntries(
    Object.entries(rows).map(([name, values]) => [name, new OrtTensor('int64', BigInt64Array.from(values.flat(), BigInt), shape)]),
  );
  const outputs = await session.run(feeds);
  await session.release();
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, Float32Array.from(tensor.data as Float32Array)]));
}

function largestDifference(actual: Float32Array, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  return expected.reduce((largest, value, index) => Math.max(largest, Math.abs(value - actual[index]!)), 0);
}

/** The first two tokens of each row of [batch, sequence, hidden]. */
function firstTokens(values: Float32Array, rows: Rows): Float32Array {
  const sequence = rows.input_ids[0]!.length;
  const hidden = values.length / rows.input_ids.length / sequence;
  const parts = rows.input_ids.map((_, row) => values.subarray(row * sequence * hidden, (row * sequence + 2) * hidden));
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

async function logitsOf(checkpoint: string): Promise<number> {
  const { model } = await exportCheckpoint(checkpoint, classification);
  const batch = expectedOutputs.batches[1]!;
  return largestDifference((await run(model, batch.inputs)).logits!, batch.logits);
}

function histogram(model: Model): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { opType } of model.graph.nodes) counts[opType] = (counts[opType] ?? 0) + 1;
  return counts;
}

describe('numbers', () => {
  test.each([17, 18, 19, 20])("logits equal PyTorch's at opset %d, alone and padded in a batch", async (opset) => {
    const { model } = await exportCheckpoint(TINY_BERT, { ...classification, opset });
    for (const { inputs, logits } of expectedOutputs.batches) {
      expect(largestDifference((await run(model, inputs)).logits!, logits)).toBeLessThan(1e-5);
    }
  });

  test.each([17, 20])("hidden states and pooler equal PyTorch's at opset %d", async (opset) => {
    const { model } = await exportCheckpoint(TINY_BERT, { ...features, opset });
    for (const { inputs, hidden, pooler } of expectedOutputs.batches) {
      const outputs = await run(model, inputs);
      const poolerName = model.graph.outputs[1]!.name;
      expect(largestDifference(outputs[poolerName]!, pooler)).toBeLessThan(1e-5);
      expect(largestDifference(firstTokens(outputs.last_hidden_state!, inputs), hidden)).toBeLessThan(1e-5);
    }
  });

  const convert = (make: (values: Float32Array, dims: readonly number[]) => Tensor) => async (): Promise<Map<string, Tensor>> =>
    new Map([...(await tinyTensors())].map(([name, tensor]) => [name, make(toFloat32(tensor), tensor.dims)]));
  const halves = convert((values, dims) => makeTensor(DataType.FLOAT16, dims, halvesFromFloats(values)));
  const doubles = convert((values, dims) => makeTensor(DataType.DOUBLE, dims, Float64Array.from(values)));
  const bfloats = convert((values, dims) => {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    return makeTensor(
      DataType.BFLOAT16,
      dims,
      Uint16Array.from(bits, (word) => (word + 0x8000) >>> 16),
    );
  });

  test.each([
    ['float16', halves, 0.02],
    ['bfloat16', bfloats, 0.2],
    ['double', doubles, 1e-5],
  ])('a %s checkpoint exports as float32 and scores nearly the same', async (_, tensors, tolerance) => {
    await writeCheckpoint(folder, await tensors());
    const { model } = await exportCheckpoint(folder, classification);
    expect([...model.graph.initializers.values()].every((tensor) => tensor.dataType === DataType.FLOAT)).toBe(true);
    expect(await logitsOf(folder)).toBeLessThan(tolerance);
  });

  test('relu is emitted when the configuration says so', async () => {
    await writeCheckpoint(folder, await tinyTensors(), { hidden_act: 'relu' });
    expect(histogram((await exportCheckpoint(folder, features)).model)).toMatchObject({ Relu: 2 });
    expect(await logitsOf(folder)).toBeGreaterThan(1e-3);
  });

  test('a transposed matrix is itself again when transposed back', () => {
    for (const [rows, columns] of [
      [1, 7],
      [33, 64],
      [100, 31],
    ] as const) {
      const values = Float32Array.from({ length: rows * columns }, (_, index) => index);
      const turned = transpose(values, [rows, columns]);
      expect(turned[columns > 1 ? rows : 0]).toBe(columns > 1 ? 1 : 0);
      expect(transpose(turned, [columns, rows])).toEqual(values);
    }
  });
});

describe('the graph', () => {
  test('GELU is one node from opset 20 on', async () => {
    const counts = histogram((await exportCheckpoint(TINY_BERT, { ...features, opset: 20 })).model);
    expect([counts.Gelu, counts.Erf]).toEqual([2, undefined]);
  });

  test("bears the exporter's names", async () => {
    const { graph } = (await exportCheckpoint(TINY_BERT, features)).model;
    const names = new Set([...graph.nodes].map((node) => node.name));
    expect(names).toContain('/encoder/layer.0/attention/self/query/MatMul');
    expect(names).toContain('/encoder/layer.1/intermediate/intermediate_act_fn/Erf');
    expect(graph.initializers.has('encoder.layer.0.attention.self.query.bias')).toBe(true);
    expect(graph.initializers.get('onnx::MatMul_299')?.dims).toEqual([32, 32]);
    expect(graph.outputs.map((output) => output.name)).toEqual(['last_hidden_state', '294']);
  });

  test('puts the bias first', async () => {
    const { graph } = (await exportCheckpoint(TINY_BERT, features)).model;
    const add = graph.consumers('encoder.layer.0.attention.self.query.bias')[0];
    expect(add?.inputs[0]).toBe('encoder.layer.0.attention.self.query.bias');
  });

  test('holds the mask value in a float32 Constant that feeds Where', async () => {
    const { graph } = (await exportCheckpoint(TINY_BERT, features)).model;
    const lowest = [...graph.nodes].filter((node) => {
      const value = node.attributes.get('value');
      return (
        value?.kind === 'tensor' && value.value.dataType === DataType.FLOAT && float32Values(value.value)[0] === -3.4028234663852886e38
      );
    });
    expect(lowest.map((node) => graph.consumers(node.outputs[0]!).map((reader) => reader.opType))).toEqual([['Where']]);
  });

  test('names its dynamic axes as Olive does', async () => {
    const dimsOf = ({ model }: { model: Model }): unknown =>
      [...model.graph.inputs, ...model.graph.outputs].map(({ type }) => type?.kind === 'tensor' && type.dims);
    const ids = ['batch_size', 'sequence_length'];
    expect(dimsOf(await exportCheckpoint(TINY_BERT, features))).toEqual([ids, ids, ids, [...ids, 'hidden_size'], ['batch_size', 32]]);
    expect(dimsOf(await exportCheckpoint(TINY_BERT, classification))).toEqual([ids, ids, ids, ['batch_size', 'num_labels']]);
    expect(dimsOf(await exportCheckpoint(TINY_BERT, { ...classification, dynamic: false }))).toEqual([
      [2, 16],
      [2, 16],
      [2, 16],
      [2, 1],
    ]);
  });

  test.each([
    [17, 8],
    [18, 8],
    [19, 9],
    [20, 9],
    [21, 10],
  ])('opset %d has IR version %d', async (opset, irVersion) => {
    const { model } = await exportCheckpoint(TINY_BERT, { ...features, opset });
    expect([model.irVersion, [...model.opsetImports]]).toEqual([irVersion, [['', opset]]]);
  });

  test('the configuration rides along with the task', async () => {
    const { modelAttributes } = await exportCheckpoint(TINY_BERT, features);
    expect(modelAttributes).toMatchObject({ model_type: 'bert', hidden_size: 32, num_attention_heads: 4, hf_task: 'feature-extraction' });
  });
});

describe('checkpoints', () => {
  test('gamma and beta, a bare encoder and extra tensors are understood', async () => {
    const rename = (name: string): string =>
      name
        .replace('LayerNorm.weight', 'LayerNorm.gamma')
        .replace('LayerNorm.bias', 'LayerNorm.beta')
        .replace(/^bert\./, '');
    const tensors = new Map([...(await tinyTensors())].map(([name, tensor]) => [rename(name), tensor]));
    tensors.set('embeddings.position_ids', makeTensor(DataType.INT64, [1, 64], new BigInt64Array(64)));
    await writeCheckpoint(folder, tensors);
    expect(await logitsOf(folder)).toBeLessThan(1e-5);
  });

  test.each<[string, object, [string, string]]>([
    [
      'another architecture',
      { model_type: 'gpt2' },
      ['unsupported-input', 'exported are bert, distilbert, roberta, xlm-roberta, camembert'],
    ],
    ['another activation', { hidden_act: 'xielu' }, ['unsupported-input', 'xielu']],
    ['an activation that is a member of every object', { hidden_act: 'constructor' }, ['unsupported-input', 'constructor']],
    ['relative positions', { position_embedding_type: 'relative_key' }, ['unsupported-input', 'relative_key']],
    ['a decoder', { is_decoder: true }, ['unsupported-input', 'is_decoder']],
    ['feed-forward in chunks', { chunk_size_feed_forward: 4 }, ['unsupported-input', 'chunk_size_feed_forward']],
    ['pruned heads', { pruned_heads: { 0: [1] } }, ['unsupported-input', 'pruned_heads']],
    ['attentions as outputs', { output_attentions: true }, ['unsupported-input', 'output_attentions']],
    ['quantised weights', { quantization_config: { quant_method: 'gptq' } }, ['unsupported-input', 'quantization_config']],
    ['no token types', { type_vocab_size: 0 }, ['invalid-checkpoint', 'type_vocab_size']],
    ['padding outside the vocabulary', { pad_token_id: 192 }, ['invalid-checkpoint', 'pad_token_id 192']],
    ['heads that do not divide', { num_attention_heads: 5 }, ['invalid-checkpoint', 'no multiple']],
    ['a size that is no number', { hidden_size: 'x' }, ['invalid-checkpoint', 'hidden_size']],
    ['a size that the weights contradict', { intermediate_size: 64 }, ['invalid-checkpoint', 'config.json says [64, 32]']],
    ['more layers than the weights have', { num_hidden_layers: 3 }, ['invalid-checkpoint', 'encoder.layer.2']],
    ['no model type', { model_type: undefined }, ['invalid-checkpoint', 'model_type']],
  ])('%s is refused with the reason', async (_, config, [code, problem]) => {
    await writeCheckpoint(folder, await tinyTensors(), config);
    await expect(exportCheckpoint(folder, classification)).rejects.toMatchObject({ code, message: expect.stringContaining(problem) });
  });

  test('a checkpoint without the head the task needs is refused', async () => {
    const tensors = await tinyTensors();
    tensors.delete('classifier.weight');
    await writeCheckpoint(folder, tensors);
    await expect(exportCheckpoint(folder, classification)).rejects.toThrow(
      'tensor "classifier.weight" is missing; task text-classification needs it. With what the checkpoint holds, --task feature-extraction works',
    );
    await expect(exportCheckpoint(folder, features)).resolves.toBeDefined();
  });

  test('a feature extractor without a pooler has no pooled output and says so', async () => {
    const tensors = new Map([...(await tinyTensors())].filter(([name]) => !name.includes('pooler')));
    await writeCheckpoint(folder, tensors);
    const { model, findings } = await exportCheckpoint(folder, features);
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(['last_hidden_state']);
    expect(findings.map(({ rule }) => rule)).toEqual(['pooler-missing']);
    await expect(exportCheckpoint(folder, classification)).rejects.toThrow('--task feature-extraction or token-classification works');
  });

  test('a checkpoint of nothing is refused with its first tensors', async () => {
    await writeCheckpoint(folder, new Map());
    await expect(exportCheckpoint(folder, classification)).rejects.toThrow(
      'tensors "bert.embeddings.word_embeddings.weight", "bert.embeddings.position_embeddings.weight", "bert.embeddings.token_type_embeddings.weight" and 38 more are missing; task text-classification needs them.',
    );
  });

  test('the bias of a masked language model may bear its other name', async () => {
    const source = join(EXPORTS, 'bert');
    const tensors = parseSafetensors(new Uint8Array(await readFile(join(source, 'model.safetensors'))), 'model.safetensors');
    const renamed = new Map([...tensors].map(([name, tensor]) => [name.replace('predictions.bias', 'predictions.decoder.bias'), tensor]));
    const config: object = JSON.parse(await readFile(join(source, 'config.json'), 'utf8'));
    await writeCheckpoint(folder, renamed, config);
    const options: ExportOptions = { task: 'fill-mask', opset: 17, dynamic: true };
    const models = await Promise.all([source, folder].map((path) => exportCheckpoint(path, options)));
    expect(encodeModel(models[1]!.model)).toEqual(encodeModel(models[0]!.model));
  });

  test.each<[object, DataType | string]>([
    [{ torch_dtype: 'float16' }, DataType.FLOAT16],
    [{ dtype: 'float32', torch_dtype: 'float16' }, DataType.FLOAT],
    [{ torch_dtype: undefined }, DataType.FLOAT],
    [{ torch_dtype: 'bfloat16' }, 'torch_dtype bfloat16'],
  ])('torch_dtype auto is that of the configuration %j', async (config, expected) => {
    await writeCheckpoint(folder, await tinyTensors(), config);
    const exported = exportCheckpoint(folder, { ...features, dtype: 'auto' });
    if (typeof expected === 'string') await expect(exported).rejects.toThrow(expected);
    else expect((await exported).model.graph.initializers.get('embeddings.LayerNorm.bias')?.dataType).toBe(expected);
  });

  test('code of a checkpoint is neither run nor trusted', async () => {
    await writeCheckpoint(folder, await tinyTensors(), { auto_map: { AutoModel: 'modeling.MyModel' } });
    await expect(exportCheckpoint(folder, { ...features, trustsRemoteCode: true })).rejects.toThrow('auto_map');
    await expect(exportCheckpoint(folder, features)).resolves.toBeDefined();
  });

  test('a fixed sequence longer than the position table is refused', async () => {
    const ioConfig = {
      input_names: ['input_ids', 'attention_mask'],
      input_shapes: [
        [1, 65],
        [1, 65],
      ],
      input_types: ['int64', 'int64'],
      output_names: ['x'],
    };
    await expect(exportCheckpoint(TINY_BERT, { ...features, dynamic: false, ioConfig })).rejects.toThrow('positions for 64');
    await expect(
      exportCheckpoint(TINY_BERT, { ...features, dynamic: true, ioConfig: { ...ioConfig, dynamic_axes: { input_ids: { 1: 'L' } } } }),
    ).resolves.toBeDefined();
  });

  test('question answering needs a start and an end', async () => {
    await expect(exportCheckpoint(TINY_BERT, { ...features, task: 'question-answering' })).rejects.toThrow('with 1 labels');
  });

  test('integer weights are refused', async () => {
    const tensors = await tinyTensors();
    tensors.set('bert.pooler.dense.bias', makeTensor(DataType.UINT8, [32], new Uint8Array(32)));
    await writeCheckpoint(folder, tensors);
    await expect(exportCheckpoint(folder, features)).rejects.toThrow('uint8, not float');
  });

  test.each([
    [{ ...classification, opset: 16 }, 'opset 16'],
    [{ ...classification, opset: 22 }, 'opset 22'],
    [{ ...classification, task: 'summarization' as ExportTask }, 'summarization'],
  ])('%j is unsupported', async (options, problem) => {
    await expect(exportCheckpoint(TINY_BERT, options)).rejects.toMatchObject({
      code: 'unsupported-input',
      message: expect.stringContaining(problem),
    });
  });

  test('a folder with only a pickle is refused with advice', async () => {
    await writeCheckpoint(folder, new Map());
    await unlink(join(folder, 'model.safetensors'));
    await expect(exportCheckpoint(folder, classification)).rejects.toThrow('neither model.safetensors');
    await writeFile(join(folder, 'pytorch_model.bin'), '');
    await expect(exportCheckpoint(folder, classification)).rejects.toThrow('safe_serialization');
  });

  test.each<[string, string | undefined, string]>([
    ['missing', undefined, 'has no config.json'],
    ['not JSON', '{', 'not JSON'],
    ['ambiguous', '{"model_type":"bert","model_type":"gpt2"}', '"model_type" is given twice'],
    ['a list', '[]', 'no "model_type"'],
  ])('a config.json that is %s is refused', async (_, text, problem) => {
    await writeFile(join(folder, 'model.safetensors'), safetensorsOf(new Map()));
    if (text !== undefined) await writeFile(join(folder, 'config.json'), text);
    await expect(exportCheckpoint(folder, classification)).rejects.toMatchObject({
      code: 'invalid-checkpoint',
      message: expect.stringContaining(problem),
    });
  });

  test('an empty folder, a file and a folder that is not there are refused by what they are', async () => {
    await expect(exportCheckpoint(folder, classification)).rejects.toThrow('the folder is empty');
    await expect(exportCheckpoint(join(folder, 'none'), classification)).rejects.toThrow('there is no such folder');
    await writeFile(join(folder, 'net.onnx'), '');
    await expect(exportCheckpoint(join(folder, 'net.onnx'), classification)).rejects.toThrow('set the recipe');
  });
});

const data = process.env.GROVE_TEST_DATA;
if (data) {
  describe('a trained cross-encoder', () => {
    const checkpoint = join(data, 'tiny-cross-encoder');

    const read = async (): Promise<{ query: string; passage: string; logit: number }[]> => {
      const text = await readFile(join(checkpoint, 'reference_scores.jsonl'), 'utf8');
      return text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    };

    test.each([17, 20])('scores all reference pairs as PyTorch does, opset %d', async (opset) => {
      const { model } = await exportCheckpoint(checkpoint, { ...classification, opset });
      const tokenizer = await loadTokenizer(checkpoint);
      const rows = await read();
      const logits: number[] = [];
      for (let start = 0; start < rows.length; start += 50) {
        const pairs = rows.slice(start, start + 50).map(({ query, passage }) => ({ text: query, pair: passage }));
        const encodings = tokenizer.encode(pairs, { truncation: 'longest_first', padding: 'max_length', maxLength: 128 });
        const { logits: scores } = await run(model, {
          input_ids: encodings.map((row) => [...row.inputIds]),
          attention_mask: encodings.map((row) => [...row.attentionMask]),
          token_type_ids: encodings.map((row) => [...row.tokenTypeIds]),
        });
        logits.push(...scores!);
      }
      expect(rows).toHaveLength(200);
      const references = rows.map(({ logit }) => logit);
      expect(largestDifference(Float32Array.from(logits), references)).toBeLessThan(1e-4);
    });
  });
}
