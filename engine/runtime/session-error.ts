import { GroveError } from '../../domain/errors.ts';
import type { ExecutionProvider } from './execution-providers.ts';

const NO_PROVIDER =
  /no available backend found|Failed to load shared library|Failed to load library|Failed to get a WebGPU adapter|CUDA driver version|no CUDA-capable device|No such adapter|is not supported in this build|Unknown provider name|execution provider is not enabled/i;
const NO_MODEL = /Protobuf parsing failed|INVALID_PROTOBUF|ModelProto does not have a graph|INVALID_GRAPH|NO_SUCHFILE|File doesn't exist/i;
/** Codes of the C API: no such file, no model, invalid protobuf, invalid graph. */
const NO_MODEL_CODES: readonly number[] = [3, 4, 7, 10];

/** Sorts what went wrong when a session was made, by ONNX Runtime's code where the adapter gets one and by its words. */
export function sessionError(ep: ExecutionProvider, cause: unknown): GroveError {
  if (cause instanceof GroveError) return cause;
  const problem = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'number' ? cause.code : undefined;
  if (NO_PROVIDER.test(problem)) return new GroveError('ep-unavailable', { ep, why: problem }, { cause });
  if (NO_MODEL.test(problem) || (code !== undefined && NO_MODEL_CODES.includes(code)))
    return new GroveError('invalid-onnx', { where: 'given to ONNX Runtime', problem }, { cause });
  return new GroveError('session-failed', { ep, problem }, { cause });
}
