import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { badgesOfTheJob } from '../support/badges.ts';
import type { Lab } from '../support/lab.ts';
import { it } from '../support/lab-test.ts';

const MODELS = join(import.meta.dirname, '../fixtures/other-exporters');

/** A recipe on a small convolutional network, with made-up rows to compare its outputs on. */
function recipe(inputModel: object): string {
  return JSON.stringify({
    input_model: { type: 'OnnxModel', ...inputModel },
    systems: { local: { type: 'LocalSystem', accelerators: [{ device: 'cpu', execution_providers: ['CPUExecutionProvider'] }] } },
    data_configs: [
      {
        name: 'images',
        type: 'DummyDataContainer',
        load_dataset_config: { input_names: ['pixels'], input_shapes: [[1, 3, 16, 16]], input_types: ['float32'], max_samples: 2 },
      },
    ],
    evaluators: { latency: { metrics: [{ name: 'latency', type: 'latency', data_config: 'images', sub_types: [{ name: 'avg' }] }] } },
    passes: {
      shape: { type: 'DynamicToFixedShape', dim_param: ['N'], dim_value: [1] },
      half: { type: 'OnnxFloatToFloat16', keep_io_types: true },
    },
    evaluator: 'latency',
    target: 'local',
  });
}

async function submit(lab: Lab, model: string, inputModel: object) {
  const file = join(lab.folder, 'recipe.json');
  await writeFile(file, recipe(inputModel));
  return lab.grove('submit', file, '--model', model, '--tier', 'smoke', '--launches', '1', '-o', 'json');
}

it.concurrent('converts and measures an ONNX model: the one that the recipe names, with its weights', async ({ lab }) => {
  await lab.startAgent('lab-a');
  const folder = join(lab.folder, 'graphs');
  await mkdir(folder);
  for (const name of ['external-11.onnx', 'external-11.weights']) await cp(join(MODELS, name), join(folder, name));
  const answer = await submit(lab, folder, { model_path: 'external-11.onnx' });
  expect(answer.code).toBe(0);
  const job = await lab.ended(JSON.parse(answer.out).jobId);
  expect(job.tasks.map(({ kind, state, error }) => [kind, state, error?.code])).toEqual([
    ['convert', 'completed', undefined],
    ['benchmark', 'completed', undefined],
  ]);
  const cells = (await lab.client.matrix()).cells.flat();
  expect(cells).toEqual([expect.objectContaining({ state: expect.stringMatching(/ok|insufficient/) })]);
});

it.concurrent('measures a model file as it is on the provider it is submitted for', async ({ lab }) => {
  await lab.startAgent('lab-a');
  const folder = join(lab.folder, 'plain');
  await mkdir(folder);
  for (const name of ['external-11.onnx', 'external-11.weights']) await cp(join(MODELS, name), join(folder, name));
  const file = join(folder, 'external-11.onnx');
  const answer = await lab.grove('submit', file, '--ep', 'CPUExecutionProvider', '--tier', 'smoke', '--launches', '1', '-o', 'json');
  expect([answer.code, answer.err]).toEqual([0, expect.any(String)]);
  const job = await lab.ended(JSON.parse(answer.out).jobId);
  expect(job.tasks.map(({ kind, state }) => [kind, state])).toEqual([
    ['convert', 'completed'],
    ['benchmark', 'completed'],
  ]);
  const [cell] = (await lab.client.matrix()).cells.flat();
  expect(cell).toMatchObject({ quality: { state: 'not-measured' }, key: { requestedEp: 'CPUExecutionProvider' } });
  expect(badgesOfTheJob(cell?.badges ?? [])).toEqual([]);
});

it.concurrent('asks which of several graphs is meant, before anything is uploaded', async ({ lab }) => {
  const answer = await submit(lab, MODELS, { model_path: 'm' });
  expect(answer.code).toBe(1);
  expect(answer.err).toContain('name one with onnx_file_name in the recipe');
});

it.concurrent('says of a checkpoint that it is no ONNX model, before anything is uploaded', async ({ lab }) => {
  const answer = await submit(lab, lab.model, { model_path: 'm' });
  expect({ code: answer.code, err: answer.err }).toEqual({ code: 1, err: expect.stringContaining('the recipe starts from an ONNXModel') });
});

it.concurrent('compares a model file with the one that was named for it, under the same identity', async ({ lab }) => {
  await lab.startAgent('lab-a');
  const folder = join(lab.folder, 'compared');
  await mkdir(folder);
  for (const name of ['external-11.onnx', 'external-11.weights']) await cp(join(MODELS, name), join(folder, name));
  const file = join(folder, 'external-11.onnx');
  const submitted = ['submit', file, '--ep', 'CPUExecutionProvider', '--tier', 'smoke', '--launches', '1', '-o', 'json'];
  const plain = JSON.parse((await lab.grove(...submitted)).out);
  await lab.ended(plain.jobId);
  const compared = JSON.parse((await lab.grove(...submitted, '--reference', file)).out);
  const { tasks } = await lab.ended(compared.jobId);
  const benchmark = tasks.find(({ kind }) => kind === 'benchmark');
  const { result } = await lab.client.task(benchmark?.taskId ?? '');
  expect(result).toMatchObject({ report: { quality: { state: 'measured', passed: true, cosineMean: expect.closeTo(1, 6) } } });
  expect((await lab.client.matrix()).rows).toHaveLength(1);
  const refused = await lab.grove('submit', file, '--ep', 'CPUExecutionProvider', '--reference', folder);
  expect(refused).toMatchObject({ code: 2 });
});
