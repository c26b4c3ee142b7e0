import type { InferenceSettings } from '../passes/pass.ts';
import type { OptimizationLevel } from '../runtime/inference-runtime.ts';
import type { SessionSpec } from './session-spec.ts';

/** ONNX Runtime's numbers for its graph optimisation levels, as Olive writes them. */
const LEVELS: ReadonlyMap<number, OptimizationLevel> = new Map([
  [0, 'disabled'],
  [1, 'basic'],
  [2, 'extended'],
  [3, 'layout'],
  [99, 'all'],
]);

/**
 * A session under the settings a recipe's target pass decided. Provider options apply only when the session runs on the provider they were decided
 * for: after a substitution they would mean nothing. Null members leave ONNX Runtime's default.
 */
export function applyInferenceSettings(spec: SessionSpec, decided: InferenceSettings): SessionSpec {
  const {
    execution_mode: mode,
    graph_optimization_level: level,
    inter_op_num_threads: inter,
    intra_op_num_threads: intra,
    extra_session_config: extra,
  } = decided.session_options;
  const optimizationLevel = level === null ? undefined : LEVELS.get(level);
  return {
    ...spec,
    epOptions: { ...providerOptions(spec.ep, decided), ...spec.epOptions },
    settings: {
      ...spec.settings,
      ...(mode === null ? {} : { executionMode: mode === 0 ? ('sequential' as const) : ('parallel' as const) }),
      ...(optimizationLevel === undefined ? {} : { optimizationLevel }),
      ...(inter === undefined ? {} : { interOpThreads: inter }),
      intraOpThreads: intra,
      ...(extra === undefined ? {} : { config: { ...spec.settings.config, ...extra } }),
    },
  };
}

function providerOptions(ep: string, decided: InferenceSettings): Record<string, string> {
  const index = decided.execution_provider.indexOf(ep);
  const options = index === -1 ? {} : (decided.provider_options[index] ?? {});
  return Object.fromEntries(Object.entries(options).map(([option, value]) => [option, String(value)]));
}
