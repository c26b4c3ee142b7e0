import { describe, expect, it } from 'vitest';
import { GroveError } from '../../domain/errors.ts';
import { parseResults, type ResultFormat } from './result-file.ts';

const FACTS = { modelId: 'net', deviceModel: 'NPU X', deviceClass: 'npu', ep: 'QNNExecutionProvider' } as const;

function read(text: string, format: ResultFormat, facts: object = FACTS) {
  return parseResults(text, { file: 'results', format, facts });
}

function problemOf(text: string, format: ResultFormat, facts: object = FACTS): string {
  try {
    read(text, format, facts);
  } catch (error) {
    if (error instanceof GroveError) return error.message;
    throw error;
  }
  return 'nothing wrong';
}

describe('onnxruntime_perf_test', () => {
  const OUTPUT = [
    'Session creation time cost: 0.21 s',
    'Total inference requests: 1000',
    'Average inference time cost total: 5.25 ms',
    'Number of inferences per second: 190.4',
    'Min Latency: 0.0049 s',
    'Max Latency: 0.0091 s',
    'P50 Latency: 0.0051 s',
    'P90 Latency: 0.0056 s',
    'P99 Latency: 0.0071 s',
  ];

  it('gives the median with what stands beside it', () => {
    const [result] = read(OUTPUT.join('\n'), 'perf-test');
    expect(result).toMatchObject({ tool: 'onnxruntime_perf_test', isMean: false, samples: 1_000, throughputPerSecond: 190.4, ...FACTS });
    expect(result?.latencyMs).toBeCloseTo(5.1, 9);
    expect(result?.p99Ms).toBeCloseTo(7.1, 9);
  });

  it('gives the mean, and says so, where an older version prints no median', () => {
    expect(read(OUTPUT.slice(0, 4).join('\r\n'), 'perf-test')).toMatchObject([{ latencyMs: 5.25, isMean: true }]);
  });

  it('names the line of what cannot be', () => {
    expect(problemOf('P50 Latency: fast s', 'perf-test')).toContain('line 1: P50 Latency is "fast", not a number');
    expect(problemOf('\nP50 Latency: 5 h', 'perf-test')).toContain('line 2: P50 Latency has the unit "h"');
    expect(problemOf(`${OUTPUT.join('\n')}\n${OUTPUT.join('\n')}`, 'perf-test')).toContain(
      'line 11: "Total inference requests" stands here a second time',
    );
    expect(problemOf('hello', 'perf-test')).toContain('neither');
    expect(problemOf(OUTPUT.join('\n'), 'perf-test', {})).toContain('line 7: modelId');
  });
});

describe('winml perf', () => {
  const REPORT = {
    benchmark_info: { model_id: 'microsoft/resnet-50', device: 'npu', precision: 'w8a16', iterations: 100, warmup: 10 },
    latency_ms: { mean: 2.14, min: 1.97, max: 3.04, p50: 2.11, p90: 2.38, p95: 2.51, p99: 2.79, std: 0.12 },
    throughput: { samples_per_sec: 467.29 },
    raw_samples_ms: [2.1],
  };

  it('is read with its model and precision; what the person says wins', () => {
    const facts = { deviceModel: 'Laptop', ep: 'VitisAIExecutionProvider', variant: 'mine' };
    expect(read(JSON.stringify(REPORT), 'winml', facts)).toMatchObject([
      { modelId: 'microsoft/resnet-50', deviceClass: 'npu', latencyMs: 2.11, samples: 100, ...facts },
    ]);
  });

  it('names what is missing, and the line of broken JSON', () => {
    expect(problemOf('{"benchmark_info": {}}', 'winml')).toContain('latency_ms');
    expect(problemOf('{\n"a": 1,\n}', 'winml')).toContain('line 3');
  });
});

describe('CSV', () => {
  it('gives one result a line', () => {
    const text =
      '\uFEFFmodel,device,device_class,ep,p50_ms,mean_ms\nnet,GPU Y,gpu,DmlExecutionProvider,5.5,6\n"a, b",GPU Y,gpu,DmlExecutionProvider,,7\n';
    expect(read(text, 'csv', {})).toMatchObject([
      { modelId: 'net', latencyMs: 5.5, isMean: false },
      { modelId: 'a, b', latencyMs: 7, isMean: true },
    ]);
  });

  it.each([
    ['an unknown column', 'modell,p50_ms\nx,1', 'line 1: column "modell"'],
    ['a column twice', 'p50_ms,p50_ms\n1,1', 'line 1: column "p50_ms"'],
    ['text for a number', 'model,p50_ms\nnet,1\nnet,quick', 'line 3: p50_ms is "quick"'],
    ['a negative latency', 'model,p50_ms\nnet,-1', 'line 2: latencyMs'],
    ['no latency', 'model,p90_ms\nnet,1', 'line 2: latencyMs'],
    ['too few cells', 'model,p50_ms\nnet,1\nnet', 'line 3'],
    ['a provider that is none', 'model,ep,p50_ms\nnet,QNN,1', 'line 2: ep'],
    ['only a header', 'model,p50_ms\n', 'it has no rows'],
  ])('refuses %s with its line', (_, text, problem) => {
    expect(problemOf(text, 'csv')).toContain(problem);
  });
});
