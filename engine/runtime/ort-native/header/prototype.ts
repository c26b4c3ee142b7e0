import type { ApiFunction } from './api-struct.ts';

const SCALARS = new Set(['size_t', 'int64_t', 'int32_t', 'uint32_t', 'uint64_t', 'uint8_t', 'int', 'float', 'bool', 'char', 'void']);

interface Signature {
  readonly result: string;
  readonly parameters: readonly string[];
}

/**
 * The prototype in the words of the call library: objects are untyped pointers, enumerations are `int`, what a function writes is marked `_Out_`,
 * paths stay `ORTCHAR_T`, whose width depends on the system.
 */
export function prototypeOf({ name, declaration }: ApiFunction): string {
  const { result, parameters } = signatureOf(declaration);
  return `${resultType(result)}${name}(${parameters.map(parameterType).join(', ')})`;
}

function signatureOf(declaration: string): Signature {
  const released = /^ORT_CLASS_RELEASE\(\s*(\w+)\s*\)$/.exec(declaration)?.[1];
  if (released !== undefined) return { result: 'void', parameters: [`Ort${released}* input`] };
  const status = /^ORT_API2_STATUS\(\s*\w+\s*,?(.*)\)$/.exec(declaration)?.[1];
  if (status !== undefined) return { result: 'OrtStatus*', parameters: splitParameters(status) };
  const [, typedResult, typed] = /^ORT_API_T\(([^,]+),\s*\w+\s*,?(.*)\)$/.exec(declaration) ?? [];
  if (typedResult !== undefined) return { result: typedResult, parameters: splitParameters(typed ?? '') };
  const [, result, plain] = /^(.*?)\(ORT_API_CALL ?\* ?\w+\)\((.*)\)$/.exec(declaration) ?? [];
  if (result === undefined) throw new Error(`unknown form of declaration: ${declaration}`);
  return { result, parameters: splitParameters(plain ?? '') };
}

function splitParameters(text: string): string[] {
  const plain = text.replace(/(\b_\w+_)\([^)]*\)/g, '$1').trim();
  return plain === '' || plain === 'void' ? [] : plain.split(',').map((parameter) => parameter.trim());
}

function resultType(result: string): string {
  const { base, stars } = cType(result);
  if (stars === 0) return `${scalar(base)} `;
  return base === 'char' ? 'const char *' : 'void *';
}

/** `_In_ const OrtEnv* env` -> `void *`. */
function parameterType(parameter: string): string {
  const annotation = /\b_[A-Z]\w*_\b/.exec(parameter)?.[0] ?? '';
  // The name goes; an array is one more pointer.
  const { base, stars } = cType(parameter.replace(/\s*\b\w+(\[\])?$/, (_, array) => (array === undefined ? '' : '*')));
  if (stars === 0) return scalar(base);
  if (annotation.startsWith('_Out')) return stars > 1 ? '_Out_ void **' : `_Out_ ${scalar(base)} *`;
  if (annotation.startsWith('_Inout_updates')) return '_Inout_ void **';
  if (base === 'char') return stars === 1 ? 'const char *' : 'const char **';
  if (base === 'ORTCHAR_T') return stars === 1 ? 'const ORTCHAR_T *' : 'const ORTCHAR_T **';
  if (stars > 1) return 'void **';
  return SCALARS.has(base) ? `${base} *` : 'void *';
}

function cType(text: string): { readonly base: string; readonly stars: number } {
  const words = text.replace(/\b_[A-Z]\w*_\b|\bconst\b|\benum\b|\bstruct\b|\*/g, ' ').trim();
  return { base: words, stars: text.split('*').length - 1 };
}

/** Types by value that are neither scalars nor callbacks are enumerations. */
function scalar(base: string): string {
  if (SCALARS.has(base)) return base;
  return /(?:Function|Fn|Delegate|Ptr)$/.test(base) ? 'void *' : 'int';
}
