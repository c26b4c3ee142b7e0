import { z } from 'zod';
import { type DraftResult, LineError, type ResultFacts } from './result-facts.ts';

const positive = z.number().positive();

/** What Grove reads of the JSON report of `winml perf`; it holds more. */
const reportSchema = z.object({
  benchmark_info: z.object({
    model_id: z.string().optional(),
    device: z.string().optional(),
    precision: z.string().optional(),
    iterations: z.int().min(1).optional(),
  }),
  latency_ms: z.object({
    p50: positive,
    min: positive.optional(),
    max: positive.optional(),
    p90: positive.optional(),
    p99: positive.optional(),
  }),
  throughput: z.object({ samples_per_sec: positive.optional() }).optional(),
});

const CLASSES = ['cpu', 'gpu', 'npu'] as const;

/** The JSON report of one `winml perf`. It does not name the execution provider: the person does. Throws LineError. */
export function parseWinml(text: string, facts: ResultFacts): DraftResult {
  const { benchmark_info: info, latency_ms: latency, throughput } = readReport(text);
  const deviceClass = CLASSES.find((name) => name === info.device?.toLowerCase());
  return {
    line: 1,
    result: {
      ...(info.model_id !== undefined && { modelId: info.model_id }),
      ...(info.precision !== undefined && { variant: info.precision }),
      ...(deviceClass !== undefined && { deviceClass }),
      ...facts,
      tool: 'winml',
      ...{ latencyMs: latency.p50, minMs: latency.min ?? null, maxMs: latency.max ?? null },
      ...{ p90Ms: latency.p90 ?? null, p99Ms: latency.p99 ?? null },
      samples: info.iterations ?? null,
      throughputPerSecond: throughput?.samples_per_sec ?? null,
    },
  };
}

function readReport(text: string): z.infer<typeof reportSchema> {
  const parsed = reportSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new LineError(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}: not a report of winml perf`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const position = /position (\d+)/.exec(message)?.[1];
    throw new LineError(
      `it is no JSON: ${message}`,
      position === undefined ? undefined : text.slice(0, Number(position)).split('\n').length,
    );
  }
}
