import type { ValueMetadata } from '../inference-runtime.ts';
import { type OrtApi, type OrtFunction, type Pointer, textAt } from './ort-api.ts';
import { dimensionsOf, elementTypeOf, symbolsOf } from './ort-values.ts';

/** ONNX Runtime's number for the kind of value that is a tensor. */
const KIND_TENSOR = 1;

interface Side {
  readonly count: OrtFunction;
  readonly name: OrtFunction;
  readonly typeInfo: OrtFunction;
}

const INPUTS: Side = { count: 'SessionGetInputCount', name: 'SessionGetInputName', typeInfo: 'SessionGetInputTypeInfo' };
const OUTPUTS: Side = { count: 'SessionGetOutputCount', name: 'SessionGetOutputName', typeInfo: 'SessionGetOutputTypeInfo' };

/** Names, types and shapes of a native session's inputs and outputs. Throws OrtError. */
export function sessionValues(
  api: OrtApi,
  session: Pointer,
  allocator: Pointer,
): { readonly inputs: readonly ValueMetadata[]; readonly outputs: readonly ValueMetadata[] } {
  const side = ({ count, name, typeInfo }: Side) =>
    Array.from({ length: api.number(count, session) }, (_, index) => ({
      name: takeText(api, allocator, api.create(name, session, index, allocator)),
      ...describe(api, api.create(typeInfo, session, index)),
    }));
  return { inputs: side(INPUTS), outputs: side(OUTPUTS) };
}

/** Text that ONNX Runtime allocated for the caller, freed once read. */
export function takeText(api: OrtApi, allocator: Pointer, pointer: Pointer): string {
  const text = textAt(pointer);
  api.call('AllocatorFree', allocator, pointer);
  return text;
}

function describe(api: OrtApi, typeInfo: Pointer): Omit<ValueMetadata, 'name'> {
  try {
    if (api.number('GetOnnxTypeFromTypeInfo', typeInfo) !== KIND_TENSOR) return { dtype: 'other', dims: [] };
    // Belongs to the type info.
    const tensorInfo = api.create('CastTypeInfoToTensorInfo', typeInfo);
    return { dtype: elementTypeOf(api.number('GetTensorElementType', tensorInfo)) ?? 'other', dims: describeDims(api, tensorInfo) };
  } finally {
    api.release('ReleaseTypeInfo', typeInfo);
  }
}

function describeDims(api: OrtApi, info: Pointer): ValueMetadata['dims'] {
  const dims = dimensionsOf(api, info);
  const symbols = symbolsOf(api, info, dims.length);
  return dims.map((dim, axis) => (dim >= 0 ? dim : textAt(symbols[axis] ?? 0n) || null));
}
