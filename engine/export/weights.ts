import { GroveError } from '../../domain/errors.ts';
import { DataType, dataTypeName, isFloatType } from '../graph/data-type.ts';
import { float32Tensor, type Tensor, toFloat32 } from '../graph/tensor.ts';
import { transpose } from '../graph/transpose.ts';
import type { Checkpoint } from './checkpoint.ts';

/** Gives an architecture's parameters as float32 tensors, each checked against the shape its configuration implies. */
export class Weights {
  readonly #checkpoint: Checkpoint;
  readonly #prefixes: readonly string[];

  /**
   * Parameters are looked up under each prefix in turn: the same encoder is stored as `bert.encoder...` by a model with a head and as
   * `encoder...` by the bare model.
   */
  constructor(checkpoint: Checkpoint, prefixes: readonly string[]) {
    this.#checkpoint = checkpoint;
    this.#prefixes = prefixes;
  }

  /** A parameter as float32; a float32 checkpoint's bytes are used as they are. Throws `invalid-checkpoint` when missing or of another shape. */
  parameter(name: string, dims: readonly number[]): Tensor {
    const tensor = this.#read(name, dims);
    return tensor.dataType === DataType.FLOAT ? tensor : float32Tensor(dims, toFloat32(tensor));
  }

  /** A linear layer's [out, in] weight as the [in, out] operand of a MatMul. */
  transposed(name: string, dims: readonly [number, number]): Tensor {
    const [rows, columns] = dims;
    return float32Tensor([columns, rows], transpose(toFloat32(this.#read(name, dims)), rows, columns));
  }

  #read(name: string, dims: readonly number[]): Tensor {
    const stored = this.#storedName(name);
    const tensor = stored === undefined ? undefined : this.#checkpoint.read(stored);
    if (!tensor) throw bad(this.#checkpoint.folder, `tensor "${name}" is missing; this task needs it`);
    if (!isFloatType(tensor.dataType))
      throw bad(this.#checkpoint.folder, `tensor "${stored}" is ${dataTypeName(tensor.dataType)}, not float`);
    if (tensor.dims.length !== dims.length || tensor.dims.some((dim, axis) => dim !== dims[axis])) {
      throw bad(this.#checkpoint.folder, `tensor "${stored}" is [${tensor.dims.join(', ')}]; config.json says [${dims.join(', ')}]`);
    }
    return tensor;
  }

  #storedName(name: string): string | undefined {
    const spellings = [name, legacySpelling(name)];
    const candidates = this.#prefixes.flatMap((prefix) => spellings.map((spelling) => prefix + spelling));
    return candidates.find((candidate) => this.#checkpoint.names.has(candidate));
  }
}

/** Checkpoints converted from TensorFlow call LayerNorm's parameters gamma and beta. */
function legacySpelling(name: string): string {
  return name.replace(/LayerNorm\.weight$/, 'LayerNorm.gamma').replace(/LayerNorm\.bias$/, 'LayerNorm.beta');
}

function bad(where: string, problem: string): GroveError {
  return new GroveError('invalid-checkpoint', { where, problem });
}
