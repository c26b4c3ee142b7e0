import { intAttribute, intsAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import { int64Tensor } from '../../graph/tensor.ts';
import { isPassage, targetOf } from '../float16/casts.ts';
import type { Scene } from './scene.ts';

/** How fused attention takes its mask: as the number of leading ones per row, as it is, or not at all. */
export type MaskFormat = 'lengths' | 'raw' | 'none';

/** From this operator set on ReduceSum takes its axes as an input. */
const FIRST_OPSET_WITH_AXES_INPUT = 13;

/** Makes masks for fused attention, one for all layers that share a mask. */
export class AttentionMasks {
  readonly #scene: Scene;
  readonly #format: MaskFormat;
  readonly #made = new Map<string, string>();
  readonly #handedOut = new Set<string>();
  #dropped = 0;

  constructor(scene: Scene, format: MaskFormat) {
    this.#scene = scene;
    this.#format = format;
  }

  /** The value to hand to attention for a mask [batch, length] of zeros and ones; undefined for none. */
  maskFor(mask: string): string | undefined {
    if (this.#format === 'none') {
      this.#dropped++;
      return undefined;
    }
    const made = this.#made.get(mask) ?? this.#make(mask);
    this.#made.set(mask, made);
    this.#handedOut.add(made);
    return made;
  }

  /** Whether a value is a mask as lengths that this made: masks of attention that the model had may be of any form. */
  isLengths(value: string): boolean {
    return this.#format === 'lengths' && this.#handedOut.has(value);
  }

  /** Masks that became numbers of tokens. */
  get lengths(): number {
    return this.#format === 'lengths' ? this.#made.size : 0;
  }

  /** How often attention was fused without the mask it had. */
  get dropped(): number {
    return this.#dropped;
  }

  #make(mask: string): string {
    const casted = castToInt32(this.#scene, mask);
    return this.#format === 'raw' ? casted : this.#sum(casted);
  }

  #sum(casted: string): string {
    const { graph, opset } = this.#scene;
    const index = this.#made.size;
    const output = graph.freshName(`mask_index_${index}`);
    const base = { opType: 'ReduceSum', name: graph.freshName(`MaskReduceSum_${index}`), outputs: [output] };
    if (opset < FIRST_OPSET_WITH_AXES_INPUT) {
      graph.addNode({ ...base, inputs: [casted], attributes: { axes: intsAttribute([1]), keepdims: intAttribute(0) } });
      return output;
    }
    const axes = graph.freshName('mask_axes');
    graph.setInitializer(axes, int64Tensor([1], [1]));
    graph.addNode({ ...base, inputs: [casted, axes], attributes: { keepdims: intAttribute(0) } });
    return output;
  }
}

/** An int32 copy of an integer value; the value itself when it is an input of that type. */
export function castToInt32(scene: Scene, value: string): string {
  const { graph } = scene;
  const type = graph.inputs.find(({ name }) => name === value)?.type;
  if (type?.kind === 'tensor' && type.dataType === DataType.INT32) return value;
  const output = graph.freshName(`${value}_int32`);
  const source = beforeCast(scene, value);
  const attributes = { to: intAttribute(DataType.INT32) };
  graph.addNode({ opType: 'Cast', name: graph.freshName('Cast'), inputs: [source], outputs: [output], attributes });
  return output;
}

/** What the Cast that makes a value reads, where that is the same whole numbers; otherwise the value. */
export function beforeCast({ graph, shapes }: Scene, value: string): string {
  const cast = graph.producer(value);
  const [source] = cast?.inputs ?? [];
  if (cast?.opType !== 'Cast' || !isOnnxDomain(cast.domain) || source === undefined) return value;
  return isPassage(shapes.dataTypeOf(source), targetOf(cast), DataType.INT32) ? source : value;
}
