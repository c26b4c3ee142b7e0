import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, type ValueInfoProto } from '../../proto/gen/onnx.ts';
import { DataType } from '../graph/data-type.ts';
import { Graph } from '../graph/graph.ts';
import { createModel, type Model } from '../graph/model.ts';
import { float32Tensor, makeTensor, type Tensor, toNumbers } from '../graph/tensor.ts';
import { tensorType } from '../graph/value.ts';
import { plainModel, richModel } from './models.cases.ts';
import { readModel, readModelFile } from './read.ts';
import { encodeModel, writeModelFile } from './write.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grove-onnx-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A message from its fields, as the wire has them. */
function message(write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
}

const field = (number: number, wireType = 2): number => (number << 3) | wireType;

function modelOf(graph: Uint8Array): Uint8Array {
  return message((writer) => writer.uint32(field(1, 0)).int64(8).uint32(field(7)).bytes(graph));
}

function tensorModel(tensor: Uint8Array): Uint8Array {
  return modelOf(message((writer) => writer.uint32(field(5)).bytes(tensor)));
}

function decodeTensorOf(tensor: Partial<TensorProto>): Tensor {
  const proto: TensorProto = { ...TensorProto.decode(new Uint8Array(0)), name: 't', ...tensor };
  const tensorRead = readModel(tensorModel(TensorProto.encode(proto).finish())).graph.initializers.get('t');
  if (!tensorRead) throw new Error('the tensor was not read');
  return tensorRead;
}

describe('round trip', () => {
  test('keeps a model with one of everything', () => {
    const model = richModel();
    expect(plainModel(readModel(encodeModel(model)))).toEqual(plainModel(model));
  });

  test('encodes the same model to the same bytes', () => {
    const bytes = encodeModel(richModel());
    expect(encodeModel(readModel(bytes))).toEqual(bytes);
  });

  test('keeps any tensor of any known type', () => {
    const type = fc.constantFrom(...Object.values(DataType).filter((type) => type !== DataType.UNDEFINED && type !== DataType.STRING));
    fc.assert(
      fc.property(type, fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), fc.integer(), (dataType, dims, seed) => {
        const graph = new Graph('g');
        const tensor = filled(dataType, dims, seed);
        graph.setInitializer('t', tensor);
        const back = readModel(encodeModel(createModel(graph, { irVersion: 8, opsetImports: [['', 17]] }))).graph.initializers.get('t');
        expect({ ...back, bytes: [...(back?.bytes ?? [])] }).toEqual({ ...tensor, bytes: [...tensor.bytes] });
      }),
    );
  });

  test('keeps fields of a later specification', () => {
    const unknown = (writer: BinaryWriter): BinaryWriter => writer.uint32(field(900)).string('later');
    const node = message((writer) => unknown(writer.uint32(field(4)).string('Op')));
    const graph = message((writer) => unknown(writer.uint32(field(1)).bytes(node)));
    const bytes = message((writer) => unknown(writer.raw(modelOf(graph))));
    const again = ModelProto.decode(encodeModel(readModel(bytes)));
    expect([again, again.graph, again.graph?.node[0]].map((part) => part?._unknownFields?.[field(900)]?.length)).toEqual([1, 1, 1]);
  });

  test('keeps functions, sparse initializers, sequence types and encoded attributes', () => {
    const proto = ModelProto.decode(encodeModel(richModel()));
    proto.functions.push({
      name: 'F',
      domain: 'local',
      input: ['p'],
      output: ['q'],
      attribute: ['alpha'],
      node: proto.graph!.node.slice(0, 1),
      opsetImport: [],
      attributeProto: [],
      valueInfo: [],
      metadataProps: [],
    });
    const floats = TensorProto.decode(new Uint8Array(0));
    proto.graph!.sparseInitializer.push({ values: { ...floats, name: 'sparse', dataType: 1, dims: [1n], floatData: [2] }, dims: [4n] });
    proto.graph!.input.push({
      name: 'list',
      metadataProps: [],
      type: { value: { $case: 'sequenceType', value: { elemType: { value: { $case: 'tensorType', value: { elemType: 7 } } } } } },
    });
    proto.graph!.node[0]!.attribute.push({
      ...AttributeProto.decode(new Uint8Array(0)),
      name: 'tp',
      type: 13,
      tp: { value: undefined, denotation: 'd' },
    });
    const again = ModelProto.decode(encodeModel(readModel(ModelProto.encode(proto).finish())));
    expect(again.functions).toEqual(proto.functions);
    expect(again.graph?.sparseInitializer).toEqual(proto.graph?.sparseInitializer);
    expect(again.graph?.input.at(-1)).toEqual(proto.graph?.input.at(-1));
    expect(again.graph?.node[0]?.attribute.at(-1)).toEqual(proto.graph?.node[0]?.attribute.at(-1));
  });
});

function filled(dataType: number, dims: readonly number[], seed: number): Tensor {
  const bits = dataType === DataType.COMPLEX128 ? 128 : 64;
  const capacity = new Uint8Array((dims.reduce((a, b) => a * b, 1) * bits) / 8 + 8).map((_, index) => (index * 31 + seed) & 0xff);
  for (let length = 0; length <= capacity.length; length++) {
    try {
      return makeTensor(dataType, dims, capacity.slice(0, length));
    } catch {
      // Not the length of this type and shape.
    }
  }
  throw new Error('no length fits');
}

describe('typed tensor fields', () => {
  test.each<[string, Partial<TensorProto>, number[]]>([
    ['float_data', { dataType: DataType.FLOAT, dims: [2n], floatData: [1, -2] }, [0, 0, 128, 63, 0, 0, 0, 192]],
    ['double_data', { dataType: DataType.DOUBLE, dims: [1n], doubleData: [1] }, [0, 0, 0, 0, 0, 0, 240, 63]],
    ['int64_data', { dataType: DataType.INT64, dims: [1n], int64Data: [-2n] }, [254, 255, 255, 255, 255, 255, 255, 255]],
    ['uint64_data of uint32', { dataType: DataType.UINT32, dims: [1n], uint64Data: [4294967295n] }, [255, 255, 255, 255]],
    ['int32_data', { dataType: DataType.INT32, dims: [1n], int32Data: [-1] }, [255, 255, 255, 255]],
    ['int32_data of float16', { dataType: DataType.FLOAT16, dims: [1n], int32Data: [0x3c00] }, [0, 0x3c]],
    ['int32_data of bool', { dataType: DataType.BOOL, dims: [2n], int32Data: [1, 0] }, [1, 0]],
    ['int32_data of int8', { dataType: DataType.INT8, dims: [1n], int32Data: [-3] }, [253]],
    ['int32_data of uint4', { dataType: DataType.UINT4, dims: [3n], int32Data: [0x21, 0x03] }, [0x21, 0x03]],
  ])('%s is read as raw bytes', (_, proto, bytes) => {
    expect([...decodeTensorOf(proto).bytes]).toEqual(bytes);
  });

  test('an attribute without a type is known by its content', () => {
    const attribute = { ...AttributeProto.decode(new Uint8Array(0)), name: 'axis', i: 2n };
    const node = NodeProto.encode({ ...NodeProto.decode(new Uint8Array(0)), opType: 'Op', attribute: [attribute] }).finish();
    const model = readModel(modelOf(message((writer) => writer.uint32(field(1)).bytes(node))));
    expect([...model.graph.nodes][0]?.attributes.get('axis')).toEqual({ kind: 'int', value: 2n });
  });
});

describe('malformed models', () => {
  const nameOf = (value: string): Uint8Array => message((writer) => writer.uint32(field(1)).string(value));
  const relu = (output: string): Uint8Array => message((writer) => writer.uint32(field(2)).string(output).uint32(field(4)).string('Relu'));
  const twice = (number: number, content: Uint8Array): Uint8Array =>
    modelOf(message((writer) => writer.uint32(field(number)).bytes(content).uint32(field(number)).bytes(content)));
  const nestedGraphs = (depth: number): Uint8Array => {
    let graph = new Uint8Array(0);
    for (let level = 0; level < depth; level++) {
      const attribute = message((writer) => writer.uint32(field(6)).bytes(graph));
      graph = new Uint8Array(
        message((writer) => writer.uint32(field(1)).bytes(message((inner) => inner.uint32(field(5)).bytes(attribute)))),
      );
    }
    return modelOf(graph);
  };

  test.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'no graph'],
    ['text', new TextEncoder().encode('{"this": "is JSON"}'), 'model'],
    ['a length past the end', message((writer) => writer.uint32(field(7)).uint32(1000)), 'graph declares 1000 bytes; 0 are left'],
    ['a length of 4 GB inside a node', modelOf(Uint8Array.of(0x0a, 0x06, 0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f)), 'model.graph[0].node[0]'],
    ['a number without an end', Uint8Array.of(0x08, 0xff, 0xff), 'ends inside a number'],
    ['an eleven-byte number', Uint8Array.of(0x08, ...Array<number>(11).fill(0xff)), 'longer than ten bytes'],
    ['field number zero', Uint8Array.of(0x02, 0x00), 'no valid number'],
    ['a group', Uint8Array.of(0x0b, 0x0c), 'wire type 3'],
    ['graphs nested without end', nestedGraphs(500), 'nested deeper'],
    ['a value produced twice', twice(1, relu('y')), '"y" is defined twice'],
    [
      'an initializer given twice',
      twice(
        5,
        message((writer) => writer.uint32(field(8)).string('w').uint32(field(2, 0)).int32(1).uint32(field(4, 5)).float(1)),
      ),
      '"w" is unnamed or defined twice',
    ],
    ['an input given twice', twice(11, nameOf('x')), 'graph input "x"'],
    ['a tensor of undefined type', tensorModel(nameOf('')), 'unnamed'],
  ])('%s: refused with the place', (_, bytes, problem) => {
    expect(() => readModel(bytes)).toThrow(GroveError);
    expect(() => readModel(bytes)).toThrow(problem);
  });

  test.each<[string, Partial<TensorProto>, string]>([
    ['content shorter than its shape', { dataType: 1, dims: [3n], rawData: new Uint8Array(8) }, 'needs 12 bytes; there are 8'],
    ['a huge dimension', { dataType: 1, dims: [2n ** 62n] }, 'out of range'],
    ['a shape whose product overflows', { dataType: 1, dims: [2n ** 31n, 2n ** 31n] }, 'more elements'],
    ['a negative dimension', { dataType: 1, dims: [-1n] }, 'impossible dimension'],
    ['no type', { dims: [1n], rawData: new Uint8Array(4) }, 'data type is undefined'],
    ['a segment', { dataType: 1, segment: { begin: 0n, end: 1n } }, 'segment'],
    [
      'external content that was not given',
      { dataType: 1, dims: [1n], dataLocation: 1, externalData: [{ key: 'location', value: 'x' }] },
      'not given',
    ],
  ])('a tensor with %s is refused by name', (_, tensor, problem) => {
    expect(() => decodeTensorOf(tensor)).toThrow('tensor "t"');
    expect(() => decodeTensorOf(tensor)).toThrow(problem);
  });

  test('a file of millions of empty nodes is refused before it fills memory', () => {
    const nodes = new Uint8Array(12_000_000);
    for (let index = 0; index < nodes.length; index += 2) nodes[index] = field(1);
    expect(() => readModel(modelOf(nodes))).toThrow(expect.objectContaining({ code: 'too-large' }));
  });

  test('any truncation or change of bytes gives a model or a GroveError', () => {
    const bytes = encodeModel(richModel());
    const change = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.array(change, { maxLength: 8 }), (length, changes) => {
        const broken = bytes.slice(0, length);
        for (const { at, value } of changes) if (at < length) broken[at] = value;
        try {
          readModel(broken);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GroveError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('any bytes at all give a model or a GroveError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readModel(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(GroveError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('files', () => {
  const weights = (): Model => {
    const graph = new Graph('g');
    graph.setInitializer(
      'big',
      float32Tensor(
        [300_000],
        Float32Array.from({ length: 300_000 }, (_, index) => index),
      ),
    );
    graph.setInitializer('middle', float32Tensor([256], new Float32Array(256).fill(2)));
    graph.setInitializer('small', float32Tensor([2], [1, 2]));
    graph.addNode({ opType: 'Identity', inputs: ['big'], outputs: ['y'] });
    graph.addOutput('y', tensorType(DataType.FLOAT, [300_000]));
    return createModel(graph, { irVersion: 8, opsetImports: [['', 17]] });
  };

  const externalModel = (entries: Record<string, string>): Promise<void> => {
    const tensor = { ...TensorProto.decode(new Uint8Array(0)), name: 't', dataType: 1, dims: [2n], dataLocation: 1 as const };
    const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
    return writeFile(join(folder, 'm.onnx'), tensorModel(TensorProto.encode({ ...tensor, externalData }).finish()));
  };

  test('a model file holds what encodeModel gives', async () => {
    const written = await writeModelFile(weights(), join(folder, 'm.onnx'));
    const bytes = await readFile(join(folder, 'm.onnx'));
    expect(written).toEqual({ modelPath: join(folder, 'm.onnx'), places: new Map(), sizeBytes: bytes.length });
    expect(Buffer.compare(bytes, encodeModel(weights()))).toBe(0);
  });

  test('external data holds the tensors over the threshold, aligned, and reads back', async () => {
    const written = await writeModelFile(weights(), join(folder, 'm.onnx'), { saveAsExternalData: true });
    expect(written.dataPath).toBe(join(folder, 'm.onnx.data'));
    const proto = ModelProto.decode(await readFile(written.modelPath));
    const places = proto.graph?.initializer.map((tensor) => tensor.externalData.map((entry) => entry.value));
    expect(places).toEqual([['m.onnx.data', '0', '1200000'], ['m.onnx.data', '1200000', '1024'], []]);
    const back = await readModelFile(written.modelPath);
    expect(plainModel(back)).toEqual(plainModel(weights()));
  });

  test('a model read from files does not need them any more', async () => {
    await writeModelFile(weights(), join(folder, 'm.onnx'), { saveAsExternalData: true, sizeThresholdBytes: 0 });
    const model = await readModelFile(join(folder, 'm.onnx'));
    await writeModelFile(model, join(folder, 'm.onnx'), { saveAsExternalData: true, sizeThresholdBytes: 0 });
    expect(plainModel(await readModelFile(join(folder, 'm.onnx')))).toEqual(plainModel(weights()));
  });

  test('a data file name that leaves the folder is refused', async () => {
    const options = { saveAsExternalData: true, externalDataName: '../x.data' };
    await expect(writeModelFile(weights(), join(folder, 'm.onnx'), options)).rejects.toMatchObject({ code: 'unsafe-path' });
  });

  test.each<[Record<string, string>, string]>([
    [{ location: '../secret' }, 'plain relative path'],
    [{ location: '/etc/passwd' }, 'plain relative path'],
    [{ location: 'C:\\secret' }, 'plain relative path'],
    [{ location: '' }, 'plain relative path'],
    [{ location: 'missing' }, 'does not exist'],
    [{ location: 'data', offset: '9' }, 'lie outside'],
    [{ location: 'data', offset: '-1' }, 'not a byte count'],
    [{ location: 'data', offset: '99999999999999999999' }, 'not a byte count'],
    [{ location: 'data', length: '4' }, 'external length is 4'],
    [{ location: '.' }, 'not a file'],
    [{ location: 'link' }, 'outside the model'],
  ])('external data %j is refused', async (entries, problem) => {
    await writeFile(join(folder, 'data'), new Uint8Array(16));
    await symlink(tmpdir(), join(folder, 'link'), 'junction');
    await externalModel(entries);
    await expect(readModelFile(join(folder, 'm.onnx'))).rejects.toThrow(problem);
  });

  test('external data without a length takes what type and shape need', async () => {
    await writeFile(join(folder, 'data'), makeTensor(DataType.FLOAT, [4], Float32Array.of(1, 2, 3, 4)).bytes);
    await externalModel({ location: 'data', offset: '4' });
    const tensor = (await readModelFile(join(folder, 'm.onnx'))).graph.initializers.get('t');
    expect([...new Float32Array(tensor!.bytes.buffer)]).toEqual([2, 3]);
  });

  test('overlapping extents cannot multiply a small file', async () => {
    await writeFile(join(folder, 'data'), new Uint8Array(1000));
    const tensors = Array.from({ length: 50 }, (_, index) => {
      const externalData = [
        { key: 'location', value: 'data' },
        { key: 'offset', value: String(index) },
      ];
      const base = TensorProto.decode(new Uint8Array(0));
      return { ...base, name: `t${index}`, dataType: 2, dims: [900n], dataLocation: 1 as const, externalData };
    });
    const graph = { ...GraphProto.decode(new Uint8Array(0)), initializer: tensors };
    await writeFile(join(folder, 'm.onnx'), modelOf(GraphProto.encode(graph).finish()));
    await expect(readModelFile(join(folder, 'm.onnx'))).rejects.toThrow('overlap');
  });

  test('a folder is no model', async () => {
    await expect(readModelFile(folder)).rejects.toThrow('not a file');
  });

  test('a missing file is not found', async () => {
    await expect(readModelFile(join(folder, 'none.onnx'))).rejects.toMatchObject({ code: 'not-found' });
  });

  test('a dim value of zero and an absent one stay different', () => {
    const value = (dims: (number | null)[]): ValueInfoProto => {
      const graph = new Graph('g');
      graph.addInput('x', tensorType(DataType.FLOAT, dims));
      return ModelProto.decode(encodeModel(createModel(graph, { irVersion: 8, opsetImports: [['', 17]] }))).graph!.input[0]!;
    };
    expect(value([0])).not.toEqual(value([null]));
    expect(toNumbers(makeTensor(DataType.INT64, [1], BigInt64Array.of(0n)))).toEqual([0]);
  });
});

describe('the versions of a model', () => {
  function listed(irVersion: number): Model {
    const graph = new Graph('g');
    graph.addInput('x', tensorType(DataType.FLOAT, [2]));
    graph.addInput('w', tensorType(DataType.FLOAT, [2]));
    graph.setInitializer('w', float32Tensor([2], [1, 2]));
    graph.addNode({ opType: 'Add', inputs: ['x', 'w'], outputs: ['y'] });
    graph.addOutput('y', tensorType(DataType.FLOAT, [2]));
    return readModel(encodeModel(createModel(graph, { irVersion, opsetImports: [['', 8]] })));
  }

  test.each([
    [3, 4, ['x']],
    [4, 4, ['x', 'w']],
    [8, 8, ['x', 'w']],
  ])('a weight that version %d lists as an input', (irVersion, version, inputs) => {
    const model = listed(irVersion);
    expect([model.irVersion, model.graph.inputs.map(({ name }) => name)]).toEqual([version, inputs]);
  });

  test.each([
    ['', 'ai.onnx'],
    ['ai.onnx', ''],
    ['my.domain', 'my.domain'],
  ])('two versions of one operator set, as "%s" and "%s", are refused', (first, second) => {
    const opsetImport = [first, second].map((domain, index) => ({ domain, version: BigInt(17 + index) }));
    const bytes = ModelProto.encode({ ...ModelProto.decode(encodeModel(richModel())), opsetImport }).finish();
    expect(() => readModel(bytes)).toThrow('two versions');
  });
});
