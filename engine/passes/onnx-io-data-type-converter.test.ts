import { describe, expect, it } from 'vitest';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import type { Model } from '../graph/model.ts';
import { float32Tensor } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { checkModel } from '../onnx/check.ts';
import { onnxIODataTypeConverter } from './onnx-io-data-type-converter.ts';
import type { PassReport } from './pass.ts';
import { graphWith, histogram, modelOf, ONNX_INPUT, passContext, runOnce } from './passes.cases.ts';

const TO_HALF = { source_dtype: DataType.FLOAT, target_dtype: DataType.FLOAT16 };

async function convert(model: Model, params: object): Promise<PassReport> {
  const { report } = await onnxIODataTypeConverter.run(model, onnxIODataTypeConverter.manifest.params.parse(params), await passContext());
  checkModel(model);
  return report;
}

/** `hidden = |x|`, `logits = if flag then hidden + x else hidden`; the constant `c` is an output, and so is the input `x`. */
function model(): Model {
  const graph = graphWith({ x: [2] });
  graph.addInput('flag', tensorType(DataType.BOOL, []));
  graph.setInitializer('c', float32Tensor([1], [0.5]));
  graph.addNode({ opType: 'Abs', inputs: ['x'], outputs: ['hidden'] });
  const branch = (name: string, opType: string, inputs: readonly string[]) => {
    const body = new Graph(name);
    body.addNode({ opType, inputs, outputs: [`${name}_y`] });
    body.addOutput(`${name}_y`, tensorType(DataType.FLOAT, [2]));
    return { kind: 'graph', value: body } as const;
  };
  const attributes = { then_branch: branch('then', 'Add', ['hidden', 'x']), else_branch: branch('else', 'Identity', ['hidden']) };
  graph.addNode({ opType: 'If', inputs: ['flag'], outputs: ['logits'], attributes });
  for (const name of ['logits', 'hidden', 'c', 'x']) graph.addOutput(name, tensorType(DataType.FLOAT, [name === 'c' ? 1 : 2]));
  return modelOf(graph);
}

const flag = { dtype: 'bool', dims: [], data: Uint8Array.of(1) } as const;
const full = { x: { dtype: 'float32', dims: [2], data: Float32Array.of(1, -2) }, flag } as const;
const half = { x: { dtype: 'float16', dims: [2], data: Uint16Array.of(0x3c00, 0xc000) }, flag } as const;
const typesOf = (tensors: Awaited<ReturnType<typeof runOnce>>['outputs']) =>
  Object.fromEntries(Object.entries(tensors).map(([name, { dtype }]) => [name, dtype]));

describe('OnnxIODataTypeConverter', () => {
  it('looks for logits of float16 by default', async () => {
    const { counts, findings } = await convert(model(), {});
    expect(counts).toEqual({ inputsConverted: 0, outputsConverted: 0 });
    expect(findings).toEqual([
      {
        rule: 'name-matches-nothing',
        message: 'the model has no float16 input or output whose name matches "logits"',
        param: 'name_pattern',
      },
    ]);
  });

  it('casts a matching output and leaves the others', async () => {
    const converted = model();
    expect((await convert(converted, TO_HALF)).counts).toEqual({ inputsConverted: 0, outputsConverted: 1 });
    const { outputs } = await runOnce(converted, full);
    expect(typesOf(outputs)).toEqual({ logits: 'float16', hidden: 'float32', c: 'float32', x: 'float32' });
    expect(outputs['logits']?.data).toEqual(Uint16Array.of(0x4000, 0));
  });

  it.each(['', null, '.*'])(
    'casts every input and output of the type for the pattern %j, constants and passages too',
    async (name_pattern) => {
      const converted = model();
      expect((await convert(converted, { ...TO_HALF, name_pattern })).counts).toEqual({ inputsConverted: 1, outputsConverted: 4 });
      expect(histogram(converted)['Cast']).toBe(4);
      const { outputs, ends } = await runOnce(converted, half);
      expect(typesOf(outputs)).toEqual({ logits: 'float16', hidden: 'float16', c: 'float16', x: 'float16' });
      expect(outputs['hidden']?.data).toEqual(Uint16Array.of(0x3c00, 0x4000));
      expect(outputs['logits']?.data).toEqual(Uint16Array.of(0x4000, 0));
      expect(ends.map(({ dims }) => dims)).toEqual([[2], [], [2], [2], [1], [2]]);
    },
  );

  it('searches names as Python does', async () => {
    const converted = model();
    await convert(converted, { ...TO_HALF, name_pattern: '^(log|hid).*' });
    expect(typesOf((await runOnce(converted, full)).outputs)).toMatchObject({ logits: 'float16', hidden: 'float16', c: 'float32' });
  });

  it('leaves an input with a default value', async () => {
    const overridable = model();
    overridable.graph.addInput('c', tensorType(DataType.FLOAT, [1]));
    expect((await convert(overridable, { ...TO_HALF, name_pattern: '' })).counts).toMatchObject({ inputsConverted: 1 });
    expect(overridable.graph.inputs.map(({ type }) => (type?.kind === 'tensor' ? type.dataType : undefined))).toEqual([
      DataType.FLOAT16,
      DataType.BOOL,
      DataType.FLOAT,
    ]);
  });

  it.each([{ name_pattern: '(a+)+' }, { name_pattern: '(' }, { source_dtype: 0 }, { target_dtype: 27 }])('refuses %o', (params) => {
    expect(onnxIODataTypeConverter.manifest.params.safeParse(params).success).toBe(false);
  });

  it('leaves patterns that only Python reads to Olive', () => {
    const { params, unsupportedReason } = onnxIODataTypeConverter.manifest;
    expect(unsupportedReason?.(params.parse({ name_pattern: '(?i)LOGITS' }), ONNX_INPUT)).toBe(' (name_pattern with (?i)');
    expect(unsupportedReason?.(params.parse({}), ONNX_INPUT)).toBeUndefined();
  });
});
