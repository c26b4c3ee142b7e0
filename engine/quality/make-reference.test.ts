import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from '../../domain/recipe/recipe.cases.ts';
import type { DataConfig, JsonObject } from '../../domain/recipe/recipe.ts';
import { writeSmallTokenizer } from '../data/tokenizer.cases.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor, int64Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { writeModelFile } from '../onnx/write.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import { loadOrtNode } from '../runtime/ort-node.ts';
import { makeReference, referenceRequestSchema } from './make-reference.ts';
import { readReferenceManifest } from './reference.ts';
import { readRowFacts } from './row-facts.ts';

let runtime: InferenceRuntime;
beforeAll(async () => {
  runtime = await loadOrtNode();
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-make-reference-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeSmallTokenizer(folder);
  await writeFile(join(folder, 'config.json'), JSON.stringify({ label2id: { ENTAILMENT: 0, neutral: 1 } }));
});

/** The sum of the token ids, once a label: [batch, labels]. */
function summing(labels: number): Model {
  const graph = new Graph('summing');
  const dims = ['batch_size', 'sequence_length'];
  graph.addInput('input_ids', tensorType(DataType.INT64, dims));
  graph.setInitializer('axis', int64Tensor([1], [1]));
  graph.setInitializer('ones', float32Tensor([1, labels], new Array<number>(labels).fill(1)));
  graph.addNode({ opType: 'Cast', inputs: ['input_ids'], outputs: ['ids'], attributes: { to: { kind: 'int', value: 1n } } });
  graph.addNode({ opType: 'ReduceSum', inputs: ['ids', 'axis'], outputs: ['sum'] });
  graph.addNode({ opType: 'MatMul', inputs: ['sum', 'ones'], outputs: ['logits'] });
  graph.addOutput('logits', tensorType(DataType.FLOAT, ['batch_size', labels]));
  return createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
}

function dataConfig(preProcess: JsonObject = {}, batchSize = 1): DataConfig {
  const { recipe } = parse({
    input_model: { type: 'HfModel', model_path: 'm', task: 'text-classification' },
    passes: { conversion: { type: 'OnnxConversion' } },
    data_configs: [
      {
        name: 'data',
        type: 'HuggingfaceContainer',
        load_dataset_config: { data_name: 'd' },
        pre_process_data_config: { input_cols: ['q', 'p'], padding: 'max_length', max_length: 12, max_samples: 2, ...preProcess },
        dataloader_config: { batch_size: batchSize },
      },
    ],
  });
  const [config] = recipe.dataConfigs;
  if (config === undefined) throw new Error('the recipe has no data config');
  return config;
}

const ROWS = [
  { q: 'cat', p: 'a cat sat', label: 1 },
  { q: 'dog', p: 'the mat', label: 'neutral' },
  { q: 'cat', p: 'the dog', label: '0' },
  { q: 'dog', p: 'a dog', label: 'entailment' },
  { q: 'cat', p: 'mat', label: 'contradiction' },
];

interface Asked {
  readonly labels?: number;
  readonly rows?: readonly JsonObject[];
  readonly config?: DataConfig;
  readonly allPairs?: boolean;
  readonly maxRows?: number;
  readonly maxMs?: number;
  readonly columns?: readonly string[];
}

async function factsOf({ labels = 1, rows = ROWS, config = dataConfig(), allPairs = true, maxRows = 100, maxMs = 60_000, columns }: Asked) {
  const { modelPath } = await writeModelFile(summing(labels), join(folder, 'model.onnx'));
  const outputFolder = join(folder, 'reference');
  await mkdir(outputFolder);
  const file = join(folder, 'rows.jsonl');
  await writeFile(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  const inputs = { kind: 'data', config, file, tokenizerFolder: folder, allPairs, ...(columns && { columns }) };
  const request = { modelPath, task: 'text-classification', inputs, maxRows, maxMs, outputFolder };
  await makeReference(referenceRequestSchema.parse(JSON.parse(JSON.stringify(request))), runtime);
  const { rows: count } = await readReferenceManifest(outputFolder);
  return { count, facts: await readRowFacts(outputFolder, count) };
}

describe('the rows of a Reference', () => {
  it("of a ranker are all of the submitter's pairs, with label and query", async () => {
    const { count, facts } = await factsOf({});
    expect(count).toBe(5);
    expect(facts).toEqual({ complete: true, labels: [1, 1, 0, 0, null], queries: [0, 1, 0, 1, 0] });
  });

  it('end with the last whole query when there are too many', async () => {
    const { facts } = await factsOf({ maxRows: 3 });
    expect(facts).toEqual({ complete: false, labels: [1, 1, 0], queries: [null, 1, null] });
    const lists = [
      {
        q: 'cat',
        p: [
          { text: 'a cat', label: 1 },
          { text: 'mat', label: 0 },
        ],
      },
      {
        q: 'cat',
        p: [
          { text: 'a dog', label: 1 },
          { text: 'sat', label: 0 },
        ],
      },
    ];
    await rm(join(folder, 'reference'), { recursive: true });
    expect((await factsOf({ rows: lists, maxRows: 3 })).facts).toEqual({ complete: false, labels: [1, 0, 1], queries: [0, 0, null] });
  });

  it.each<[string, Asked]>([
    ["the recipe's own rows", { allPairs: false }],
    ['a model with several labels', { labels: 3 }],
    ['single texts', { columns: ['p'] }],
  ])('of %s are max_samples', async (_, asked) => {
    expect((await factsOf(asked)).count).toBe(2);
  });

  it('say when the data config selects more', async () => {
    const selected = (maxSamples: number) => ({ labels: 2, config: dataConfig({ max_samples: maxSamples }), maxRows: 4 });
    expect((await factsOf(selected(4))).facts?.complete).toBe(true);
    await rm(join(folder, 'reference'), { recursive: true });
    expect((await factsOf(selected(5))).facts?.complete).toBe(false);
  });

  it('of single texts belong to no query', async () => {
    expect((await factsOf({ columns: ['p'] })).facts).toEqual({ complete: true, labels: [1, 1], queries: null });
  });

  it('are one batch at least, however slow the export is', async () => {
    const { count, facts } = await factsOf({ maxMs: 0, config: dataConfig({}, 2) });
    expect([count, facts?.complete, facts?.queries]).toEqual([2, false, [0, null]]);
  });

  it('come in whole batches', async () => {
    const { count, facts } = await factsOf({ config: dataConfig({}, 2), maxRows: 3 });
    expect([count, facts?.labels.length, facts?.complete]).toEqual([2, 2, false]);
  });
});
