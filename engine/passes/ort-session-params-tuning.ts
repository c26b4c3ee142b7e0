import { GroveError } from '../../domain/errors.ts';
import { ortSessionParamsTuning as manifest } from '../../domain/passes/ort-session-params-tuning.ts';
import type { ParamsOf } from '../../domain/passes/registry.ts';
import type { InferenceSettings, SessionPass, TargetFacts } from './pass.ts';

type Params = ParamsOf<'OrtSessionParamsTuning'>;

const SEQUENTIAL = 0;
const PARALLEL = 1;

/**
 * Without a search Olive tries one configuration and returns it whatever it measured, so the settings follow from the parameters and the machine
 * alone and nothing is run here: the benchmark that follows measures them. Thread counts are this machine's, never carried over from another.
 */
export const ortSessionParamsTuning: SessionPass<Params> = {
  kind: 'session',
  manifest,
  decide(params, target) {
    const ep = first(params.providers_list) ?? target.ep;
    refusePruned(params, ep, target);
    const inferenceSettings: InferenceSettings = {
      execution_provider: [ep],
      provider_options: [providerOptions(params, ep)],
      io_bind: params.io_bind,
      tuning_op_result: null,
      session_options: sessionOptions(params, target),
    };
    const { intra_op_num_threads: intraOpThreads, inter_op_num_threads: interOpThreads } = inferenceSettings.session_options;
    const counts = { intraOpThreads, ...(interOpThreads === undefined ? {} : { interOpThreads }) };
    return { inferenceSettings, report: { type: manifest.type, counts, findings: [] } };
  },
};

/** A list holds alternatives of a search; without one the first counts. */
function first<T>(value: T | readonly T[] | null): T | null {
  if (value === null) return null;
  return isList(value) ? (value[0] ?? null) : value;
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

/** Combinations for which Olive ends the flow without a model, and settings for a provider that this session does not run on. */
function refusePruned(params: Params, ep: string, target: TargetFacts): void {
  if (ep === 'CUDAExecutionProvider' && !params.io_bind) throw pruned('CUDAExecutionProvider needs io_bind');
  if (ep === 'CPUExecutionProvider' && params.io_bind)
    throw pruned('io_bind needs a device with memory of its own; CPUExecutionProvider has none');
  if (ep === 'CUDAExecutionProvider' && params.enable_cuda_graph && first(params.execution_mode_list) === PARALLEL)
    throw pruned('enable_cuda_graph needs sequential execution');
  if (ep === target.ep) return;
  if (!params.force_evaluate_other_eps) {
    throw pruned(`providers_list names ${ep}, the target is ${target.ep}; set force_evaluate_other_eps to allow it`);
  }
  if (ep !== target.executedEp) {
    throw pruned(`it tunes ${ep}, but the session runs on ${target.executedEp}: give the recipe that execution provider, or substitute it`);
  }
}

function pruned(problem: string): GroveError {
  return new GroveError('pass-failed', { type: manifest.type, problem });
}

function providerOptions(params: Params, ep: string): Record<string, string | number | boolean> {
  const options = { ...first<Record<string, string | number | boolean>>(params.provider_options_list) };
  if (ep === 'TensorrtExecutionProvider') options['trt_fp16_enable'] = params.trt_fp16_enable;
  if (ep === 'CUDAExecutionProvider') options['enable_cuda_graph'] = params.enable_cuda_graph;
  return options;
}

function sessionOptions(params: Params, target: TargetFacts): InferenceSettings['session_options'] {
  const mode = first(params.execution_mode_list);
  const cores = params.cpu_cores || target.physicalCores;
  const extra = params.extra_session_config;
  const pinned = threadsOfAffinities(extra);
  // Olive tunes threads across nodes for sequential execution only when affinities settle those inside them.
  const inter = first(params.inter_thread_num_list) ?? (mode === SEQUENTIAL && pinned === undefined ? undefined : cores);
  return {
    execution_mode: mode,
    graph_optimization_level: first(params.opt_level_list),
    ...(inter === undefined ? {} : { inter_op_num_threads: inter }),
    intra_op_num_threads: pinned ?? first(params.intra_thread_num_list) ?? cores,
    ...(extra === null || Object.keys(extra).length === 0 ? {} : { extra_session_config: extra }),
    ...(params.enable_profiling ? { enable_profiling: true as const } : {}),
  };
}

/** Explicit affinities fix the thread count: one per part, and the calling thread. */
function threadsOfAffinities(extra: Params['extra_session_config']): number | undefined {
  const affinities = extra?.['session.intra_op_thread_affinities'] ?? '';
  return affinities === '' ? undefined : affinities.split(';').length + 1;
}
