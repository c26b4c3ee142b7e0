import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor } from '../graph/tensor.ts';
import { type Dim, tensorType } from '../graph/value.ts';
import { writeModelFile } from '../onnx/write.ts';
import type { InferenceRuntime } from '../runtime/inference-runtime.ts';
import { loadOrtNode } from '../runtime/ort-node.ts';
import { embeddingModel, halfModel, linearModel } from '../runtime/small-models.cases.ts';
import { readExportFacts } from './export-facts.ts';
import { makeReference, referenceRequestSchema } from './make-reference.ts';
import { type ReferenceBatch, writeReference } from './reference.ts';
import { type RowFacts, writeRowFacts } from './row-facts.ts';
import { qualityRequestSchema, qualityResultSchema, runQuality } from './run-quality.ts';

const EP = 'CPUExecutionProvider';
const GENERATED = { kind: 'generated', seed: 1, dims: { sequence_length: 8 }, integerBelow: 16 } as const;

let runtime: InferenceRuntime;
let folder: string;
beforeAll(async () => {
  runtime = await loadOrtNode();
  folder = await mkdtemp(join(tmpdir(), 'grove-quality-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function workspace(model: Model): Promise<{ readonly modelPath: string; readonly referenceFolder: string }> {
  const attempt = await mkdtemp(join(folder, 'attempt-'));
  const { modelPath } = await writeModelFile(model, join(attempt, 'model.onnx'));
  const referenceFolder = join(attempt, 'reference');
  await mkdir(referenceFolder);
  return { modelPath, referenceFolder };
}

/** What the parent sends is JSON, so is what comes back. */
function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

async function reference(model: Model): Promise<string> {
  const { modelPath, referenceFolder } = await workspace(model);
  const request = { modelPath, inputs: GENERATED, outputFolder: referenceFolder };
  await makeReference(referenceRequestSchema.parse(throughJson(request)), runtime);
  return referenceFolder;
}

async function judge(
  model: Model,
  referenceFolder: string,
  options: { readonly task?: string; readonly accuracy?: unknown[]; readonly maxMs?: number } = {},
) {
  const { modelPath } = await workspace(model);
  const { task = 'feature-extraction', ...rest } = options;
  const request = { session: { modelPath, ep: EP }, referenceFolder, task, bound: { min: 0.99, isDefault: true }, ...rest };
  return qualityResultSchema.parse(throughJson(await runQuality(qualityRequestSchema.parse(throughJson(request)), runtime)));
}

const quality = async (model: Model, referenceFolder: string) => (await judge(model, referenceFolder)).quality;

describe('runQuality', () => {
  it('finds the export equal to itself, with the attention mask in the pool', async () => {
    expect(await quality(embeddingModel(), await reference(embeddingModel()))).toEqual({
      state: 'measured',
      rows: 1,
      cosineMean: expect.closeTo(1, 9),
      cosineMin: expect.closeTo(1, 9),
      cosinePooled: expect.closeTo(1, 9),
      sqnrDb: null,
      maxAbsDifference: 0,
      logit: null,
      bound: { metric: 'cosine', min: 0.99, isDefault: true },
      passed: true,
      furtherOutputs: [],
    });
  });

  it('measures a float16 model whose output has another name, by position', async () => {
    const half = embeddingModel();
    half.graph.addNode({
      opType: 'Cast',
      inputs: ['last_hidden_state'],
      outputs: ['half'],
      attributes: { to: { kind: 'int', value: 10n } },
    });
    half.graph.outputs.splice(0, 1, { name: 'half', type: tensorType(DataType.FLOAT16, ['batch_size', 'sequence_length', 4]) });
    const result = await quality(half, await reference(embeddingModel()));
    expect(result).toMatchObject({ state: 'measured', passed: true });
    expect(result.state === 'measured' && result.sqnrDb).toBeGreaterThan(50);
  });

  it('takes a float16 export for a reference too', async () => {
    const half = scorer({ labels: 2, dataType: DataType.FLOAT16 });
    const { modelPath, referenceFolder } = await workspace(half);
    const inputs = { kind: 'generated', seed: 1 };
    await makeReference(referenceRequestSchema.parse({ modelPath, inputs, outputFolder: referenceFolder }), runtime);
    expect(await quality(half, referenceFolder)).toMatchObject({ state: 'measured', maxAbsDifference: 0 });
  });

  it('knows of a Reference whether its export was float32', async () => {
    expect(await readExportFacts(await reference(halfModel()))).toEqual({ lowPrecision: ['float16'] });
    expect(await readExportFacts(await reference(linearModel()))).toEqual({ lowPrecision: [] });
  });

  it('fails a model that answers something else', async () => {
    const wrong = embeddingModel();
    const bias = wrong.graph.producer('last_hidden_state');
    if (bias) bias.opType = 'Sub';
    expect(await quality(wrong, await reference(embeddingModel()))).toMatchObject({ state: 'measured', passed: false });
  });

  it('says why outputs of another shape cannot be compared', async () => {
    const result = await quality(embeddingModel(16, 6), await reference(embeddingModel()));
    expect(result).toEqual({ state: 'not-measured', why: 'output "last_hidden_state" has shape [1, 8, 6], the reference [1, 8, 4]' });
  });

  it('reports the outputs behind the first by position, and judges only the first', async () => {
    const withMean = (factor: number): Model => {
      const model = embeddingModel();
      model.graph.setInitializer('factor', float32Tensor([1], [factor]));
      model.graph.addNode({ opType: 'Mul', inputs: ['last_hidden_state', 'factor'], outputs: ['scaled'] });
      model.graph.addOutput('scaled', tensorType(DataType.FLOAT, ['batch_size', 'sequence_length', 4]));
      return model;
    };
    expect(await quality(withMean(-1), await reference(withMean(1)))).toMatchObject({
      passed: true,
      maxAbsDifference: 0,
      furtherOutputs: [{ name: 'scaled', cosineMean: expect.closeTo(-1, 6), cosinePooled: expect.closeTo(-1, 6) }],
    });
    expect(await quality(withMean(1), await reference(embeddingModel()))).toMatchObject({
      passed: true,
      furtherOutputs: [],
      furtherOutputsLeftOut: 1,
    });
  });

  it('counts the outputs that it does not list', async () => {
    const many = (): Model => {
      const model = embeddingModel();
      for (let index = 0; index < 70; index++) {
        model.graph.addNode({ opType: 'Identity', inputs: ['last_hidden_state'], outputs: [`copy${index}`] });
        model.graph.addOutput(`copy${index}`, tensorType(DataType.FLOAT, ['batch_size', 'sequence_length', 4]));
      }
      return model;
    };
    const result = await quality(many(), await reference(many()));
    expect(result).toMatchObject({ state: 'measured', passed: true, furtherOutputsLeftOut: 7 });
    expect(result.state === 'measured' && result.furtherOutputs?.length).toBe(63);
  });
});

interface Scorer {
  readonly labels: number;
  readonly batch?: Dim;
  readonly factor?: number;
  readonly dataType?: number;
}

/** Scores of x [batch, 2]: label l is the l-th of x, -x and x again, times the factor. One label is the first value itself. */
function scorer({ labels, batch = 'batch', factor = 1, dataType = DataType.FLOAT }: Scorer): Model {
  const graph = new Graph('scorer');
  graph.addInput('x', tensorType(DataType.FLOAT, [batch, 2]));
  const weights = Array.from({ length: 2 * labels }, (_, i) => (i < labels ? factor * (i % 2 === 0 ? 1 : -1) : 0));
  graph.setInitializer('w', float32Tensor([2, labels], weights));
  graph.addNode({ opType: 'MatMul', inputs: ['x', 'w'], outputs: ['product'] });
  graph.addNode({ opType: 'Cast', inputs: ['product'], outputs: ['logits'], attributes: { to: { kind: 'int', value: BigInt(dataType) } } });
  graph.addOutput('logits', tensorType(dataType, [batch, labels]));
  return createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
}

/** A Reference of rows x with these logits, in batches of two: the last may be smaller. */
async function written(rows: readonly { readonly x: number; readonly logits: readonly number[] }[], facts?: RowFacts): Promise<string> {
  const referenceFolder = await mkdtemp(join(folder, 'reference-'));
  await writeReference(referenceFolder, { ortVersion: '1.30.0', inputNames: ['x'], outputNames: ['logits'] }, batchesOf(rows));
  if (facts !== undefined) await writeRowFacts(referenceFolder, facts);
  return referenceFolder;
}

async function* batchesOf(rows: readonly { readonly x: number; readonly logits: readonly number[] }[]): AsyncGenerator<ReferenceBatch> {
  for (let start = 0; start < rows.length; start += 2) {
    const batch = rows.slice(start, start + 2);
    const logits = batch.flatMap((row) => row.logits);
    yield {
      rows: batch.length,
      inputs: { x: { dtype: 'float32', dims: [batch.length, 2], data: Float32Array.from(batch.flatMap(({ x }) => [x, 0])) } },
      outputs: [{ dtype: 'float32', dims: [batch.length, logits.length / batch.length], data: Float32Array.from(logits) }],
    };
  }
}

const CLASSIFICATION = { task: 'text-classification' } as const;

describe('runQuality of a model that was fixed to a batch size', () => {
  it('compares a smaller last batch row by row', async () => {
    const rows = [1, -2, 3].map((x) => ({ x, logits: [x] }));
    const result = await judge(scorer({ labels: 1, batch: 2 }), await written(rows), CLASSIFICATION);
    expect(result.quality).toMatchObject({ rows: 3, maxAbsDifference: 0, logit: { meanAbs: 0, agreement: 1 } });
  });
});

describe('runQuality of a ranker', () => {
  const rows = [4, 3, 2, 1, 5].map((x) => ({ x, logits: [x] }));
  const facts: RowFacts = { complete: true, labels: [0, 1, 0, 1, 1], queries: [0, 0, 1, 1, null] };

  it('gives the order of each query against the Reference and the labels', async () => {
    const { quality: measured } = await judge(scorer({ labels: 1, factor: -1 }), await written(rows, facts), CLASSIFICATION);
    expect(measured).toMatchObject({
      rows: 5,
      passed: false,
      ranking: {
        ...{ queries: 2, candidates: 4, top1Agreement: 0, referenceTau: -1 },
        relevance: { queries: 2, model: { mrrAt10: 1, labelTau: 1 }, reference: { mrrAt10: 0.5, labelTau: -1 } },
      },
    });
  });

  it('says that rows are no query-passage pairs', async () => {
    for (const known of [undefined, { ...facts, queries: null }]) {
      const { quality: measured } = await judge(scorer({ labels: 1 }), await written(rows, known), CLASSIFICATION);
      expect(measured).toMatchObject({ state: 'measured', ranking: { state: 'not-measured', why: expect.stringContaining('pairs') } });
    }
  });

  it('leaves the last query out when time ran out within it', async () => {
    const { quality: measured, accuracy } = await judge(scorer({ labels: 1 }), await written(rows, facts), {
      ...CLASSIFICATION,
      accuracy: [{ metric: 'accuracy-recall', subType: 'recall', config: {} }],
      maxMs: 0,
    });
    expect(measured).toMatchObject({ rows: 2, ofRows: 5, ranking: { state: 'not-measured' } });
    expect(accuracy).toHaveLength(1);
    const all = await judge(scorer({ labels: 1 }), await written(rows, facts), CLASSIFICATION);
    expect(all.quality).not.toHaveProperty('ofRows');
  });

  it('is nothing of another task', async () => {
    const { quality: measured } = await judge(scorer({ labels: 1 }), await written(rows, facts));
    expect(measured).not.toHaveProperty('ranking');
  });
});

describe('runQuality of a classifier', () => {
  const rows = [1, -2, 3].map((x) => ({ x, logits: [x, -x] }));
  const facts: RowFacts = { complete: true, labels: [0, 1, 1], queries: null };
  const accuracy = [
    { metric: 'accuracy-accuracy_score', subType: 'accuracy_score', config: {} },
    { metric: 'accuracy-perplexity', subType: 'perplexity', config: {} },
  ];

  it("computes the recipe's accuracy metrics of the model and of the Reference", async () => {
    const wrong = scorer({ labels: 2, factor: -1 });
    const result = await judge(wrong, await written(rows, facts), { ...CLASSIFICATION, accuracy });
    expect(result.accuracy).toEqual([
      { metric: 'accuracy-accuracy_score', value: expect.closeTo(1 / 3, 12), referenceValue: expect.closeTo(2 / 3, 12), why: '' },
      { metric: 'accuracy-perplexity', value: null, referenceValue: null, why: 'Grove does not compute perplexity' },
    ]);
    expect(result.quality).toMatchObject({ logit: { top1Agreement: 0 } });
    expect(result.quality).not.toHaveProperty('ranking');
  });

  it.each([
    ['there are no labels', undefined, CLASSIFICATION, 2, /tells no labels/],
    ['rows are missing', { ...facts, complete: false }, CLASSIFICATION, 2, /more rows than the Reference kept/],
    ['the model is a ranker', facts, CLASSIFICATION, 1, /one score a row/],
    ['the task has no classes', facts, {}, 2, /text-classification/],
  ])('leaves them unresolved where %s', async (_, known, task, labels, why) => {
    const given = rows.map(({ x, logits }) => ({ x, logits: logits.slice(0, labels) }));
    const result = await judge(scorer({ labels }), await written(given, known), { ...task, accuracy: accuracy.slice(0, 1) });
    expect(result.accuracy).toEqual([
      { metric: 'accuracy-accuracy_score', value: null, referenceValue: null, why: expect.stringMatching(why) },
    ]);
  });

  it('says that time ran out, not that the Reference lacks rows', async () => {
    const request = { ...CLASSIFICATION, accuracy: accuracy.slice(0, 1), maxMs: 0 };
    const { accuracy: found } = await judge(scorer({ labels: 2 }), await written(rows, facts), request);
    expect(found).toMatchObject([{ value: null, why: expect.stringMatching(/^time ran out after \d+ of 3 rows$/) }]);
  });

  it('says of each metric why nothing could be compared', async () => {
    const result = await judge(scorer({ labels: 3 }), await written(rows, facts), { ...CLASSIFICATION, accuracy });
    expect(result.quality.state).toBe('not-measured');
    expect(result.accuracy.map(({ why }) => why)).toEqual(new Array(2).fill(expect.stringContaining('shape [2, 3]')));
  });
});

describe('row facts', () => {
  it('of another number of rows are no part of the Reference', async () => {
    const broken = await written([{ x: 1, logits: [1] }], { complete: true, labels: [1, 2], queries: null });
    await expect(judge(scorer({ labels: 1 }), broken, CLASSIFICATION)).rejects.toMatchObject({ code: 'invalid-reference' });
  });
});
