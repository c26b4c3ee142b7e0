import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { EXPORT_TASKS } from '../../domain/passes/hf-model.ts';
import { floatsFromHalves } from '../graph/half.ts';
import type { Model } from '../graph/model.ts';
import { checkModel } from '../onnx/check.ts';
import { encodeModel } from '../onnx/write.ts';
import { exportCheckpoint } from './export-model.ts';
import { changedCheckpoint, EXPORTS, expectedRows, FAMILIES, optionsOf, recordOf, rowsOf } from './reference-exports.cases.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-reference-'));
});
afterAll(() => rm(folder, { recursive: true }));

for (const family of FAMILIES) {
  const record = await recordOf(family);
  const cases = record.graphs.map((graph) => [titleOf(graph), graph] as const);
  describe(`${family} exports as Olive exports it, node by node`, () => {
    test.each(cases)('%s', async (_, graph) => {
      const checkpoint = await changedCheckpoint(folder, family, graph.config);
      const { model } = await exportCheckpoint(checkpoint, optionsOf(graph));
      expect(rowsOf(model.graph, { task: graph.task, family })).toEqual(expectedRows(record, graph.rows));
    });
  });
}

function titleOf({ task, opset, model, params, config }: Awaited<ReturnType<typeof recordOf>>['graphs'][number]): string {
  return `${task} ${opset} ${JSON.stringify({ ...model, ...params, ...config })}`;
}

test.each(['xlm-roberta', 'camembert'])('%s exports as roberta does', async (modelType) => {
  const options = { task: 'fill-mask', opset: 17, dynamic: true } as const;
  const [one, other] = await Promise.all(
    ['roberta', modelType].map(async (name) => exportCheckpoint(await changedCheckpoint(folder, 'roberta', { model_type: name }), options)),
  );
  expect(encodeModel(other!.model)).toEqual(encodeModel(one!.model));
});

const expectedSchema = z.object({
  inputs: z.record(z.string(), z.array(z.array(z.number()))),
  outputs: z.record(z.enum(EXPORT_TASKS), z.array(z.array(z.number()))),
});

/** Runs a padded batch of token ids and gives the outputs in order, as float32. */
async function run(model: Model, inputs: Readonly<Record<string, number[][]>>): Promise<Float32Array[]> {
  checkModel(model);
  const session = await InferenceSession.create(encodeModel(model), { logSeverityLevel: 3 });
  const feeds = Object.entries(inputs).map(([name, rows]) => {
    const shape = [rows.length, rows[0]!.length];
    return [name, new OrtTensor('int64', BigInt64Array.from(rows.flat(), BigInt), shape)];
  });
  const outputs = await session.run(Object.fromEntries(feeds));
  const { outputNames } = session;
  await session.release();
  return outputNames.map((name) => {
    const { data } = outputs[name]!;
    return data instanceof Float32Array ? Float32Array.from(data) : floatsFromHalves(new Uint16Array((data as Uint16Array).buffer));
  });
}

for (const family of FAMILIES) {
  const expected = expectedSchema.parse(JSON.parse(await readFile(join(EXPORTS, family, 'expected.json'), 'utf8')));
  describe(`${family} computes what PyTorch computes`, () => {
    const settings = [
      { opset: 17, tolerance: 1e-4 },
      { opset: 21, tolerance: 1e-4 },
      { opset: 20, attention: 'eager', tolerance: 1e-4 },
      { opset: 20, dtype: 'float16', tolerance: 0.05 },
    ] as const;
    test.each(EXPORT_TASKS.flatMap((task) => settings.map((setting) => [task, setting] as const)))('%s, %j', async (task, setting) => {
      const { tolerance, ...options } = setting;
      const { model } = await exportCheckpoint(join(EXPORTS, family), { task, dynamic: true, ...options });
      const outputs = await run(model, expected.inputs);
      expect(outputs.map(({ length }) => length)).toEqual(expected.outputs[task].map(({ length }) => length));
      const differences = outputs.flatMap((output, index) =>
        expected.outputs[task][index]!.map((value, at) => Math.abs(value - output[at]!)),
      );
      expect(differences.reduce((largest, value) => Math.max(largest, value), 0)).toBeLessThan(tolerance);
    });
  });
}
