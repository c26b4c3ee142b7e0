import type { OnnxValue, Tensor as OrtTensor } from 'onnxruntime-node';
import { isNumericType, type Tensor, tensorFromBytes } from './tensor.ts';

type OrtTensorConstructor = typeof import('onnxruntime-node').Tensor;

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

/** The binding's tensor as ours, copied: float16 arrives in another array class on newer Node versions. Throws TypeError for a value that is no tensor of a known type. */
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
