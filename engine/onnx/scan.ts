import { GroveError } from '../../domain/errors.ts';

/**
 * Walks the wire bytes of a model before they are decoded. After it the generated decoder can neither run past a length, nor recurse without end,
 * nor build more objects than memory holds: a file of two-byte nodes would otherwise grow a hundredfold. It also knows where it is, so errors name
 * the byte and the message.
 */

/** Nesting of messages that real models stay far below (a Loop in an If in a Loop is about 12). */
const MAX_DEPTH = 64;

/** Estimated heap of the decoded messages above which a model is refused; tensor content is not part of it. */
const MAX_DECODED_BYTES = 1_500_000_000;

/** Rough V8 costs, measured order of magnitude: an object with its arrays; a list element; an element of a packed list by kind. */
const MESSAGE_BYTES = 250;
const ELEMENT_BYTES = 32;

type Packed = 'varint' | 'int64' | 'fixed';

/** A message to descend into, or a packed list whose elements become JavaScript values. */
interface Field {
  readonly name: string;
  readonly message?: () => Shape;
  readonly packed?: Packed;
}

type Shape = ReadonlyMap<number, Field>;

const nested = (name: string, message: () => Shape): Field => ({ name, message });
const packed = (name: string, kind: Packed): Field => ({ name, packed: kind });

const LEAF: Shape = new Map();
const leaf = (name: string): Field => nested(name, () => LEAF);

const TENSOR: Shape = new Map([
  [1, packed('dims', 'int64')],
  [3, leaf('segment')],
  [4, packed('float_data', 'fixed')],
  [5, packed('int32_data', 'varint')],
  [7, packed('int64_data', 'int64')],
  [10, packed('double_data', 'fixed')],
  [11, packed('uint64_data', 'int64')],
  [13, leaf('external_data')],
  [16, leaf('metadata_props')],
]);

const SPARSE_TENSOR: Shape = new Map([
  [1, nested('values', () => TENSOR)],
  [2, nested('indices', () => TENSOR)],
  [3, packed('dims', 'int64')],
]);

const SHAPE: Shape = new Map([[1, leaf('dim')]]);
const TENSOR_TYPE: Shape = new Map([[2, nested('shape', () => SHAPE)]]);
const ELEMENT_TYPE: Shape = new Map([[1, nested('elem_type', () => TYPE)]]);
const MAP_TYPE: Shape = new Map([[2, nested('value_type', () => TYPE)]]);

const TYPE: Shape = new Map([
  [1, nested('tensor_type', () => TENSOR_TYPE)],
  [4, nested('sequence_type', () => ELEMENT_TYPE)],
  [5, nested('map_type', () => MAP_TYPE)],
  [7, leaf('opaque_type')],
  [8, nested('sparse_tensor_type', () => TENSOR_TYPE)],
  [9, nested('optional_type', () => ELEMENT_TYPE)],
]);

const VALUE_INFO: Shape = new Map([
  [2, nested('type', () => TYPE)],
  [4, leaf('metadata_props')],
]);

const ATTRIBUTE: Shape = new Map([
  [5, nested('t', () => TENSOR)],
  [6, nested('g', () => GRAPH)],
  [7, packed('floats', 'fixed')],
  [8, packed('ints', 'int64')],
  [10, nested('tensors', () => TENSOR)],
  [11, nested('graphs', () => GRAPH)],
  [14, nested('tp', () => TYPE)],
  [15, nested('type_protos', () => TYPE)],
  [22, nested('sparse_tensor', () => SPARSE_TENSOR)],
  [23, nested('sparse_tensors', () => SPARSE_TENSOR)],
]);

const DIMENSION_SHARDING: Shape = new Map([[2, leaf('simple_sharding')]]);
const GROUP_ENTRY: Shape = new Map([[2, packed('value', 'int64')]]);
const SHARDING: Shape = new Map([
  [2, packed('device', 'int64')],
  [3, nested('index_to_device_group_map', () => GROUP_ENTRY)],
  [4, nested('sharded_dim', () => DIMENSION_SHARDING)],
]);
const DEVICES: Shape = new Map([[2, nested('sharding_spec', () => SHARDING)]]);

const NODE: Shape = new Map([
  [5, nested('attribute', () => ATTRIBUTE)],
  [9, leaf('metadata_props')],
  [10, nested('device_configurations', () => DEVICES)],
]);

const ANNOTATION: Shape = new Map([[2, leaf('quant_parameter_tensor_names')]]);

const GRAPH: Shape = new Map([
  [1, nested('node', () => NODE)],
  [5, nested('initializer', () => TENSOR)],
  [11, nested('input', () => VALUE_INFO)],
  [12, nested('output', () => VALUE_INFO)],
  [13, nested('value_info', () => VALUE_INFO)],
  [14, nested('quantization_annotation', () => ANNOTATION)],
  [15, nested('sparse_initializer', () => SPARSE_TENSOR)],
  [16, leaf('metadata_props')],
]);

const TRAINING: Shape = new Map([
  [1, nested('initialization', () => GRAPH)],
  [2, nested('algorithm', () => GRAPH)],
  [3, leaf('initialization_binding')],
  [4, leaf('update_binding')],
]);

const FUNCTION: Shape = new Map([
  [7, nested('node', () => NODE)],
  [9, leaf('opset_import')],
  [11, nested('attribute_proto', () => ATTRIBUTE)],
  [12, nested('value_info', () => VALUE_INFO)],
  [14, leaf('metadata_props')],
]);

const MODEL: Shape = new Map([
  [7, nested('graph', () => GRAPH)],
  [8, leaf('opset_import')],
  [14, leaf('metadata_props')],
  [20, nested('training_info', () => TRAINING)],
  [25, nested('functions', () => FUNCTION)],
  [26, leaf('configuration')],
]);

/** Where the walk is: a chain of field names towards the root. */
interface Frame {
  readonly parent: Frame | undefined;
  readonly name: string;
  readonly index: number;
  readonly depth: number;
}

/** Checks the wire structure of a ModelProto. Throws `invalid-onnx` with the byte offset and message path, or `too-large`. */
export function scanModel(bytes: Uint8Array, where: string): void {
  const scanner = new Scanner(bytes, where);
  scanner.message(bytes.length, MODEL, { parent: undefined, name: 'model', index: 0, depth: 0 });
}

class Scanner {
  readonly #bytes: Uint8Array;
  readonly #where: string;
  #position = 0;
  #decodedBytes = 0;

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#where = where;
  }

  message(end: number, shape: Shape, frame: Frame): void {
    if (frame.depth > MAX_DEPTH) throw this.#bad(frame, `messages are nested deeper than ${MAX_DEPTH}`);
    this.#spend(MESSAGE_BYTES);
    const counts = new Map<number, number>();
    while (this.#position < end) {
      const tag = this.#varint(end, frame);
      const number = Math.floor(tag / 8);
      if (number === 0 || tag > 0xffff_ffff) throw this.#bad(frame, 'a field has no valid number');
      const field = shape.get(number);
      const index = counts.get(number) ?? 0;
      if (field) counts.set(number, index + 1);
      this.#content({ end, wireType: tag % 8, field, frame, index });
    }
  }

  #content(at: { end: number; wireType: number; field: Field | undefined; frame: Frame; index: number }): void {
    const { end, field, frame } = at;
    if (at.wireType === 0) this.#varint(end, frame);
    else if (at.wireType === 1) this.#skip(8, end, frame);
    else if (at.wireType === 5) this.#skip(4, end, frame);
    else if (at.wireType === 2) {
      const length = this.#varint(end, frame);
      if (length > end - this.#position) {
        throw this.#bad(frame, `${field?.name ?? 'a field'} declares ${length} bytes; ${end - this.#position} are left`);
      }
      const start = this.#position;
      const child = field?.message?.();
      if (child) this.message(start + length, child, { parent: frame, name: field?.name ?? '', index: at.index, depth: frame.depth + 1 });
      else if (field?.packed) this.#packedList(field.packed, length);
      this.#position = start + length;
    } else throw this.#bad(frame, `a field has the unknown wire type ${at.wireType}`);
    this.#spend(ELEMENT_BYTES);
  }

  #packedList(kind: Packed, length: number): void {
    this.#spend(kind === 'fixed' ? 2 * length : kind === 'varint' ? 8 * length : ELEMENT_BYTES * length);
  }

  #skip(count: number, end: number, frame: Frame): void {
    if (count > end - this.#position) throw this.#bad(frame, 'the message ends inside a field');
    this.#position += count;
  }

  #varint(end: number, frame: Frame): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#position >= end) throw this.#bad(frame, 'the message ends inside a number');
      const byte = this.#bytes[this.#position++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw this.#bad(frame, 'a number is longer than ten bytes');
  }

  #spend(bytes: number): void {
    this.#decodedBytes += bytes;
    if (this.#decodedBytes <= MAX_DECODED_BYTES) return;
    const what = `ONNX model ${this.#where}, decoded,`;
    throw new GroveError('too-large', { what, sizeBytes: this.#decodedBytes, limitBytes: MAX_DECODED_BYTES });
  }

  #bad(frame: Frame, problem: string): GroveError {
    const where = `${this.#where} at byte ${this.#position} (${pathOf(frame)})`;
    return new GroveError('invalid-onnx', { where, problem });
  }
}

function pathOf(frame: Frame): string {
  const parts: string[] = [];
  for (let at: Frame | undefined = frame; at; at = at.parent) parts.push(at.parent ? `${at.name}[${at.index}]` : at.name);
  return parts.reverse().join('.');
}
