import { mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { DataType } from '../graph/data-type.ts';
import type { Attribute, Graph, Node } from '../graph/graph.ts';
import { int64Values, toFloat32, toNumbers } from '../graph/tensor.ts';
import type { ValueInfo } from '../graph/value.ts';
import type { ExportOptions } from './emit-checkpoint.ts';

/** What Olive exports of the checkpoints in this folder; `make_exports.py` there tells how the rows are written. */
export const EXPORTS = fileURLToPath(new URL('../../test/fixtures/exports', import.meta.url));
export const FAMILIES = ['bert', 'distilbert', 'roberta'] as const;

const graphSchema = z.object({
  task: z.enum(['feature-extraction', 'text-classification', 'token-classification', 'fill-mask', 'question-answering']),
  opset: z.number(),
  model: z.object({
    io_config: z.unknown().optional(),
    load_kwargs: z.object({ attn_implementation: z.enum(['eager', 'sdpa']) }).optional(),
  }),
  params: z.object({ dynamic: z.boolean().default(true), torch_dtype: z.literal('float16').optional() }),
  config: z.record(z.string(), z.unknown()),
  rows: z.string(),
});
const recordSchema = z.object({ graphs: z.array(graphSchema), lines: z.array(z.unknown()) });

export type Recorded = z.output<typeof recordSchema>;

/** The recorded exports of a family. */
export async function recordOf(family: string): Promise<Recorded> {
  return recordSchema.parse(JSON.parse(await readFile(join(EXPORTS, family, 'graphs.json'), 'utf8')));
}

/** The rows of one recorded export. */
export function expectedRows({ lines }: Recorded, rows: string): unknown[] {
  return rows.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return lines.slice(first, last + 1);
  });
}

/** A graph in the form of the record. */
export function rowsOf(graph: Graph, { task, family }: { task: string; family: string }): unknown[] {
  const info = (kind: string, { name, type }: ValueInfo): unknown => [
    kind,
    name,
    ...(type?.kind === 'tensor' ? [type.dataType, type.dims] : []),
  ];
  const rows = [
    ...graph.inputs.map((input) => info('input', input)),
    ...graph.outputs.map((output) => info('output', output)),
    ...[...graph.initializers].map(([name, tensor]) => ['initializer', name, tensor.dataType, tensor.dims]),
    ...[...graph.nodes].map(nodeRow),
  ];
  return rows.map((row): unknown => JSON.parse(shortened(JSON.stringify(row), task === 'feature-extraction' ? undefined : family)));
}

function nodeRow({ opType, name, inputs, outputs, attributes }: Node): unknown {
  const values = [...attributes].map(([key, attribute]) => [key, plainAttribute(attribute)]);
  const named = outputs.length === 1 && outputs[0] === `${name}_output_0` ? [] : outputs;
  return [opType, name, inputs, named, Object.fromEntries(values)];
}

function shortened(row: string, prefix: string | undefined): string {
  const text = row.replaceAll('_output_0"', '"');
  if (prefix !== undefined) return text.replaceAll(`"/${prefix}/`, '"@/').replaceAll(`"${prefix}.`, '"@.');
  return text.replaceAll('"/', '"@/').replaceAll(/"(embeddings|encoder|transformer|pooler)\./g, '"@.$1.');
}

function plainAttribute(attribute: Attribute): unknown {
  switch (attribute.kind) {
    case 'int':
      return Number(attribute.value);
    case 'ints':
      return attribute.value.map(Number);
    case 'string':
      return new TextDecoder().decode(attribute.value);
    case 'tensor': {
      const { dataType, dims } = attribute.value;
      if (dataType === DataType.INT64) return { type: dataType, dims, values: Array.from(int64Values(attribute.value), String) };
      if (dataType === DataType.INT32) return { type: dataType, dims, values: toNumbers(attribute.value).map(String) };
      return { type: dataType, dims, values: [...toFloat32(attribute.value)] };
    }
    default:
      return attribute.value;
  }
}

/** Makes a folder with a family's checkpoint and a changed configuration below `folder`, and returns its path. */
export async function changedCheckpoint(folder: string, family: string, changes: object): Promise<string> {
  const path = await mkdtemp(join(folder, 'checkpoint-'));
  const config: object = JSON.parse(await readFile(join(EXPORTS, family, 'config.json'), 'utf8'));
  await writeFile(join(path, 'config.json'), JSON.stringify({ ...config, ...changes }));
  await symlink(join(EXPORTS, family, 'model.safetensors'), join(path, 'model.safetensors'));
  return path;
}

/** The options of a recorded export. */
export function optionsOf({ task, opset, model, params }: Recorded['graphs'][number]): ExportOptions {
  return {
    ...{ task, opset, dynamic: params.dynamic, ioConfig: model.io_config },
    attention: model.load_kwargs?.attn_implementation ?? 'sdpa',
    dtype: params.torch_dtype ?? 'float32',
  };
}
