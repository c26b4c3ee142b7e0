import type { Blob, FileMap } from '../../domain/manifest.ts';
import { CPU_EP } from '../../domain/names.ts';
import type { BenchmarkReport, LaunchReport } from '../../domain/report.ts';
import type { AttemptOutcome, ConvertResult } from '../../domain/task.ts';

/** Results with plausible figures, changed where a test cares. */

function launchOf(index: number, p50Ms: number): LaunchReport {
  const spread = { p50Ms, meanMs: p50Ms, minMs: p50Ms * 0.9, maxMs: p50Ms * 1.2, p90Ms: p50Ms * 1.1, p99Ms: null };
  return {
    index,
    createMs: 100,
    firstInferenceMs: 20,
    warmup: { runs: 10, durationMs: 1_000, stable: true },
    sampleCount: 64,
    samplesPath: `samples-${index}.f64`,
    rssPeakBytes: 1_000_000,
    ...spread,
  };
}

export function reportOf(
  change: Partial<BenchmarkReport> = {},
  medians: readonly number[] = [10, 10.1, 9.9, 10.05, 9.95],
): BenchmarkReport {
  return {
    schemaVersion: 1,
    requestedEp: 'NvTensorRTRTXExecutionProvider',
    executedEp: CPU_EP,
    substitution: { kind: 'ep', requested: 'NvTensorRTRTXExecutionProvider', executed: CPU_EP },
    tier: 'smoke',
    inputShapes: { input_ids: [1, 128], attention_mask: [1, 128] },
    environmentId: 'e'.repeat(64),
    runtime: { adapter: 'ort-node', ortVersion: '1.30.0', ortLibraryDigest: 'f'.repeat(64), node: '20' },
    condition: { powerSource: 'ac', powerMode: 'performance' },
    session: {},
    launches: medians.map((p50Ms, index) => launchOf(index, p50Ms)),
    p50Ms: { value: 10, low: 9.9, high: 10.1 },
    verdict: 'ok',
    throughputPerSecond: 100,
    placement: {
      byEp: { [CPU_EP]: { nodes: 300, timeShare: 1 } },
      heavyNodes: 36,
      heavyNodesElsewhere: 0,
      fellBack: false,
      partial: false,
      elsewhere: [],
    },
    quality: { state: 'not-measured', why: 'no evaluation data' },
    olive: { 'latency-avg': { value: 10, unit: 'ms' } },
    artifacts: {},
    ...change,
  };
}

export function benchmarked(report: BenchmarkReport = reportOf()): AttemptOutcome {
  return { state: 'completed', result: { kind: 'benchmark', report } };
}

export function converted(model: Blob, more: FileMap = {}): { readonly state: 'completed'; readonly result: ConvertResult } {
  const result: ConvertResult = {
    kind: 'convert',
    artifact: { schemaVersion: 1, files: { 'model.onnx': model, ...more } },
    reference: null,
    report: {
      schemaVersion: 1,
      engineVersion: '1',
      ortLibraryDigest: 'f'.repeat(64),
      durationMs: 1_000,
      rssPeakBytes: 1,
      sourceBytes: 1,
      resultBytes: 1,
      passes: [],
      findings: [{ rule: 'head-dropped', path: '$.input_model.task', message: 'the head is dropped' }],
      producer: { agentId: 'lab-1', profileDigest: 'f'.repeat(64) },
    },
  };
  return { state: 'completed', result };
}
