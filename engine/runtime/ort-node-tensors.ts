import type { OnnxValue, Tensor as OrtTensor } from 'onnxruntime-node';
import { isNumericType, type Tensor, tensorFromBytes } from './tensor.ts';

type OrtTensorConstructor = typeof import('onnxruntime-node').Tensor;

/**
 * Makes the binding hold float16 as Uint16Array on every Node version. Where Float16Array exists (Node 24) its JavaScript half would wrap the bits in
 * one, which its native half does not know: "not enough space: expected 4, got 0" (1.30.0). It looks for the class once, when the first tensor is
 * made, so the class is hidden for that moment.
 */
export function keepHalvesAsBits(ort: { readonly Tensor: OrtTensorConstructor }): void {
  const float16Array = Object.getOwnPropertyDescriptor(globalThis, 'Float16Array');
  Reflect.deleteProperty(globalThis, 'Float16Array');
  try {
    new ort.Tensor('float16', new Uint16Array(1), [1]);
  } finally {
    if (float16Array !== undefined) Object.defineProperty(globalThis, 'Float16Array', float16Array);
  }
}

/** Our tensor as the binding's, sharing the data. */
export function toOrtTensor(ort: { readonly Tensor: OrtTensorConstructor }, tensor: Tensor): OrtTensor {
  switch (tensor.dtype) {
    case 'string':
      return new ort.Tensor('string', tensor.data, tensor.dims);
    case 'bool':
      return new ort.Tensor('bool', tensor.data, tensor.dims);
    default:
      return new ort.Tensor(tensor.dtype, tensor.data, tensor.dims);
  }
}

/** The binding's tensor as ours, copied, so that nothing of the binding outlives the call. Throws TypeError for a value that is no tensor of a known type. */
export function fromOrtTensor(value: OnnxValue | undefined, name: string): Tensor {
  if (!isOrtTensor(value)) throw new TypeError(`output "${name}" is not a tensor`);
  const { type, dims, data } = value;
  if (type === 'string' && Array.isArray(data)) return { dtype: 'string', dims, data };
  if (!ArrayBuffer.isView(data) || !isNumericType(type)) throw new TypeError(`output "${name}" has element type ${type}`);
  return tensorFromBytes(type, dims, data);
}

function isOrtTensor(value: OnnxValue | undefined): value is OrtTensor {
  return typeof value === 'object' && value !== null && 'type' in value && 'dims' in value;
}
