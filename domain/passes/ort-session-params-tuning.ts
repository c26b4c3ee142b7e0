import { z } from 'zod';
import { definePass } from './define-pass.ts';

const providerOptions = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const executionMode = z.union([z.literal(0), z.literal(1)]);
const optimizationLevel = z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(99)]);
const threadCount = z.number().int().nonnegative();

/** A value or a list of alternatives; without a search Olive tries the first of a list. */
const valueOrList = <T extends z.ZodType>(value: T) =>
  z
    .union([value, z.array(value)])
    .nullable()
    .default(null);

/** Decides session options on the benchmarked machine. The model file does not change. */
export const ortSessionParamsTuning = definePass({
  type: 'OrtSessionParamsTuning',
  side: 'target',
  implementationVersion: 1,
  acceleratorAgnostic: false,
  dataParam: 'data_config',
  summary: 'Attaches session settings (threads, I/O binding) chosen on the device itself; the file stays as it is.',
  shape: {
    data_config: z.string().nullable().default(null),
    device: z.string().nullable().default(null),
    cpu_cores: z.number().int().positive().nullable().default(null),
    io_bind: z.boolean().default(false),
    enable_cuda_graph: z.boolean().default(false),
    providers_list: valueOrList(z.string()),
    provider_options_list: z
      .union([providerOptions, z.array(providerOptions)])
      .nullable()
      .default(null),
    execution_mode_list: valueOrList(executionMode),
    opt_level_list: valueOrList(optimizationLevel),
    trt_fp16_enable: z.boolean().default(false),
    intra_thread_num_list: valueOrList(threadCount),
    inter_thread_num_list: valueOrList(threadCount),
    extra_session_config: z.record(z.string(), z.string()).nullable().default(null),
    force_evaluate_other_eps: z.boolean().default(false),
    enable_profiling: z.boolean().default(false),
  },
});
