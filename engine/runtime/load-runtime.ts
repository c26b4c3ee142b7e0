import { z } from 'zod';
import { EXECUTION_PROVIDERS } from './execution-providers.ts';
import type { InferenceRuntime } from './inference-runtime.ts';
import { loadOrtNative } from './ort-native/ort-native.ts';
import { loadOrtNode } from './ort-node.ts';

/** Which runtime a measurement uses, as it travels to the child that loads it. */
export const runtimeSpecSchema = z.strictObject({
  /** `ort-native` measures without a JavaScript binding between clock and runtime and reaches plug-in providers. */
  adapter: z.enum(['ort-native', 'ort-node']).default('ort-native'),
  /** Absolute path of another ONNX Runtime library than the one that ships with Grove; `ort-native` only. */
  libraryPath: z.string().min(1).exactOptional(),
  /** Plug-in libraries by the provider they bring; `ort-native` only. */
  plugins: z.partialRecord(z.enum(EXECUTION_PROVIDERS), z.string().min(1)).exactOptional(),
  /** The package the provider comes from, for the report: `qnn@2.7.0`. */
  epPackage: z.strictObject({ id: z.string(), libraryDigest: z.string() }).exactOptional(),
});
export type RuntimeSpec = z.infer<typeof runtimeSpecSchema>;

/** Loads ONNX Runtime into this process, so only children call it. Without a spec: `ort-native` on the library that ships. Throws `ep-unavailable`. */
export function loadRuntime(spec: RuntimeSpec = { adapter: 'ort-native' }): Promise<InferenceRuntime> {
  return spec.adapter === 'ort-node' ? loadOrtNode() : loadOrtNative(spec);
}
