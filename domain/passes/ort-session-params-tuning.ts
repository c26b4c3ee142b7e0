import { z } from 'zod';
import { definePass } from './define-pass.ts';

const providerOptions = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const executionMode = z.union([z.literal(0), z.literal(1)]);
const optimizationLevel = z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(99)]);
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
  summary: 'Attaches session settings (threads, I/O binding) chosen on the device itself; the file stays as it is.',
  documentation: {
    notes: [
      'Threads follow Olive: `execution_mode_list` 0 sets those inside one node only, every other mode both kinds; a given number wins over `cpu_cores`, that over the physical cores, and `session.intra_op_thread_affinities` in `extra_session_config` fixes the threads inside one node to one a part and one more.',
    ],
    leftToOlive: [],
    differences: [
      'Without a search Olive tries exactly one configuration and keeps it even when it is slower than the baseline. Grove decides the same settings on the benchmarked machine itself, because thread counts of the converting machine mean nothing elsewhere.',
      '`providers_list` with `force_evaluate_other_eps` is honoured when the session runs on that provider (`--substitute-ep`), and refused otherwise: its settings would be measured on another provider.',
      '`io_bind` and `enable_profiling` are written down as Olive does; launches that measure bind nothing and never profile.',
    ],
  },
  shape: {
    data_config: z.string().nullable().default(null).describe('Data the settings are tried on. Null: generated inputs.'),
    device: z.string().nullable().default(null).describe('Device the settings are meant for. Null: that of the recipe.'),
    cpu_cores: z
      .number()
      .int()
      .nonnegative()
      .nullable()
      .default(null)
      .describe('Cores to plan threads for. Null or 0: the physical cores of the machine.'),
    io_bind: z.boolean().default(false).describe("Bind inputs and outputs to the device's memory; needed by CUDA, refused for the CPU."),
    enable_cuda_graph: z.boolean().default(false).describe('Record a CUDA graph; CUDA only.'),
    providers_list: valueOrList(z.string()).describe("Execution provider to use in place of the recipe's."),
    provider_options_list: z
      .union([providerOptions, z.array(providerOptions)])
      .nullable()
      .default(null)
      .describe('Options of that execution provider.'),
    execution_mode_list: valueOrList(executionMode).describe('0 runs nodes one after another, 1 in parallel.'),
    opt_level_list: valueOrList(optimizationLevel).describe("ONNX Runtime's graph optimisation level."),
    trt_fp16_enable: z.boolean().default(false).describe('Let TensorRT compute in float16.'),
    intra_thread_num_list: valueOrList(threadCount).describe('Threads inside one node; 0 leaves it to ONNX Runtime.'),
    inter_thread_num_list: valueOrList(threadCount).describe('Threads across nodes; read in parallel execution only.'),
    extra_session_config: z
      .record(z.string(), z.string())
      .nullable()
      .default(null)
      .describe('Session configuration entries, passed on as they are.'),
    force_evaluate_other_eps: z.boolean().default(false).describe("Accept a `providers_list` other than the recipe's execution provider."),
    enable_profiling: z.boolean().default(false).describe('Profile sessions made with these settings.'),
  },
});
