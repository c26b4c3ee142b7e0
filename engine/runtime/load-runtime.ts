import { z } from 'zod';
import type { InferenceRuntime } from './inference-runtime.ts';
import { loadOrtNative } from './ort-native/ort-native.ts';
import { loadOrtNode } from './ort-node.ts';

/** Which runtime a measurement uses, as it travels to the child that loads it. */
export const runtimeSpecSchema = z.strictObject({
  /** `ort-native` measures without a JavaScript binding between clock and runtime and reaches plug-in providers. */
  adapter: z.enum(['ort-native', 'ort-node']).default('ort-native'),
  /** Absolute path of another ONNX Runtime library than the one that ships with Grove; `ort-native` only. */
  libraryPath: z.string().min(1).exactOptional(),
});
type RuntimeSpec = z.infer<typeof runtimeSpecSchema>;

/** Loads ONNX Runtime into this process, so only children call it. Without a spec: `ort-native` on the library that ships. Throws `ep-unavailable`. */
export function loadRuntime({ adapter, libraryPath }: RuntimeSpec = { adapter: 'ort-native' }): Promise<InferenceRuntime> {
  return adapter === 'ort-node' ? loadOrtNode() : loadOrtNative(libraryPath);
}
