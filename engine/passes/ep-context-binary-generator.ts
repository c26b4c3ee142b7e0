import { epContextBinaryGenerator as manifest } from '../../domain/passes/ep-context-binary-generator.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import type { CompilePass } from './pass.ts';

/** As Olive's session for it: what the recipe gives, and over it whether a node may be left to the CPU. Where it is written is decided by who compiles. */
export const epContextBinaryGenerator: CompilePass<ParamsOf<'EPContextBinaryGenerator'>> = {
  kind: 'compile',
  manifest,
  plan({ embed_context: embedContext, provider_options: providerOptions, session_options: options, disable_cpu_fallback: isStrict }) {
    const compile = {
      embedContext,
      providerOptions: asTexts(providerOptions),
      sessionConfig: { ...asTexts(options), 'session.disable_cpu_ep_fallback': isStrict ? '1' : '0' },
    };
    return { compile, report: { type: manifest.type, counts: {}, findings: [] } };
  },
};

/** ONNX Runtime takes texts; booleans are 1 and 0 to it. */
function asTexts(options: Readonly<Record<string, string | number | boolean>> | null): Record<string, string> {
  return Object.fromEntries(
    Object.entries(options ?? {}).map(([key, value]) => [key, typeof value === 'boolean' ? String(Number(value)) : String(value)]),
  );
}
