import { GroveError } from '../../domain/errors.ts';
import { DataType, dataTypeName, isFloatType } from '../graph/data-type.ts';
import { float32Tensor, floatTensor, type Tensor, toFloat32 } from '../graph/tensor.ts';
import { transpose } from '../graph/transpose.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Parameter } from './emission.ts';
import type { ParameterSource } from './lower-trace.ts';

export interface WeightsOptions {
  /** Name of the encoder inside a model with a head: the same encoder is stored as `bert.encoder...` there and as `encoder...` by the bare model. */
  readonly encoderName: string;
  /** Type of the export: float32 or float16. */
  readonly floatType: DataType;
}

/** Names of one parameter by which checkpoints of different age know it. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  // Converted from TensorFlow.
  [/LayerNorm\.weight$/, 'LayerNorm.gamma'],
  [/LayerNorm\.bias$/, 'LayerNorm.beta'],
  // One parameter in PyTorch, stored under either name.
  [/^(cls\.predictions|lm_head)\.bias$/, '$1.decoder.bias'],
];

/** Gives an architecture's parameters in the export's float type, each checked against the shape its configuration implies. */
export class Weights implements ParameterSource {
  readonly #checkpoint: Checkpoint;
  readonly #options: WeightsOptions;
  /** By length: what was read to be turned serves the next matrix of its size, before the collector gets to it. */
  readonly #spare = new Map<number, Float32Array>();

  constructor(checkpoint: Checkpoint, options: WeightsOptions) {
    this.#checkpoint = checkpoint;
    this.#options = options;
  }

  /** Names of those parameters that the checkpoint does not hold. */
  missing(parameters: readonly Parameter[]): readonly string[] {
    return parameters.flatMap(([name]) => (this.#storedName(name) === undefined ? [name] : []));
  }

  /** Throws `invalid-checkpoint` for the first parameter that is missing, of another shape or no float. Reads no content. */
  check(parameters: readonly Parameter[]): void {
    for (const [name, dims] of parameters) this.#find(name, dims);
  }

  parameter(name: string, dims: readonly number[]): Tensor {
    const tensor = this.#read(name, dims);
    const { floatType } = this.#options;
    return tensor.dataType === floatType ? tensor : floatTensor(floatType, dims, toFloat32(tensor));
  }

  transposed(name: string, dims: readonly [number, number]): Tensor {
    const [rows, columns] = dims;
    const stored = toFloat32(this.#read(name, dims));
    const turned = transpose(stored, dims, this.#spare.get(stored.length));
    this.#spare.set(stored.length, stored);
    return this.#options.floatType === DataType.FLOAT
      ? float32Tensor([columns, rows], turned)
      : floatTensor(this.#options.floatType, [columns, rows], turned);
  }

  #read(name: string, dims: readonly number[]): Tensor {
    const tensor = this.#checkpoint.read(this.#find(name, dims));
    if (!tensor) throw bad(this.#checkpoint.folder, `tensor "${name}" is missing`);
    return tensor;
  }

  /** The name under which a parameter is stored. */
  #find(name: string, dims: readonly number[]): string {
    const { folder } = this.#checkpoint;
    const stored = this.#storedName(name);
    const entry = stored === undefined ? undefined : this.#checkpoint.entry(stored);
    if (stored === undefined || entry === undefined) throw bad(folder, `tensor "${name}" is missing`);
    if (!isFloatType(entry.dataType)) throw bad(folder, `tensor "${stored}" is ${dataTypeName(entry.dataType)}, not float`);
    if (entry.dims.length !== dims.length || entry.dims.some((dim, axis) => dim !== dims[axis])) {
      throw bad(folder, `tensor "${stored}" is [${entry.dims.join(', ')}]; config.json says [${dims.join(', ')}]`);
    }
    return stored;
  }

  #storedName(name: string): string | undefined {
    const prefix = `${this.#options.encoderName}.`;
    const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    const spellings = [bare, ...SPELLINGS.flatMap(([pattern, other]) => (pattern.test(bare) ? [bare.replace(pattern, other)] : []))];
    const candidates = spellings.flatMap((spelling) => [prefix + spelling, spelling]);
    return candidates.find((candidate) => this.#checkpoint.entry(candidate) !== undefined);
  }
}

function bad(where: string, problem: string): GroveError {
  return new GroveError('invalid-checkpoint', { where, problem });
}
