import { mean, median, studentQuantile, variance } from '../../domain/statistics.ts';
import { compiled } from '../work-place.ts';
import { runProgram } from './environment.ts';

/** What the measuring process is told. */
export interface LatencyRequest {
  /** Paths of the two models. */
  readonly a: string;
  readonly b: string;
  readonly rounds: number;
  /** Pairs of blocks in a round. */
  readonly pairs: number;
  /** How long a block of the faster model takes, about. */
  readonly blockMs: number;
  readonly warmUpRuns: number;
}

/** One pair of sessions. */
export interface LatencyRound {
  /** Inferences in a block. */
  readonly runs: number;
  /** Median milliseconds of an inference, by pair of blocks: of `a` and of `b`. */
  readonly blocks: readonly (readonly [a: number, b: number])[];
}

/** How many times the latency of `a` model `b` takes. */
export interface LatencyRatio {
  /** Milliseconds of an inference, median over all blocks. */
  readonly a: number;
  readonly b: number;
  readonly ratio: number;
  /** Upper end of the two-sided 95 % interval of the ratio. */
  readonly upper: number;
  readonly rounds: number;
  readonly blocks: number;
}

const REQUEST = { rounds: 8, pairs: 10, blockMs: 60, warmUpRuns: 5 } as const;

/** The method in one sentence, for the page. */
export const LATENCY_METHOD = `both models in one process on the CPU execution provider of onnxruntime-node, one thread, 1 x 128 tokens; ${REQUEST.rounds} rounds with new sessions each, ${REQUEST.pairs} pairs of blocks of about ${REQUEST.blockMs} ms a round in the order a b b a; the sample of a round is the median over its pairs of log(median of b's block / median of a's block), the interval Student's over the rounds`;

/** Times `b` against `a` in a process of its own. */
export async function compareLatency(a: string, b: string): Promise<LatencyRatio> {
  const request: LatencyRequest = { a, b, ...REQUEST };
  const lines = await runProgram(process.execPath, [compiled('parity/latency-child.js'), JSON.stringify(request)]);
  const rounds: readonly LatencyRound[] = JSON.parse(lines.at(-1) ?? '');
  const logs = rounds.map(({ blocks }) => median(blocks.map(([x, y]) => Math.log(y / x))));
  const half = studentQuantile(0.975, logs.length - 1) * Math.sqrt(variance(logs) / logs.length);
  const blocks = rounds.flatMap((round) => round.blocks);
  return {
    a: median(blocks.map(([x]) => x)),
    b: median(blocks.map(([, y]) => y)),
    ratio: Math.exp(mean(logs)),
    upper: Math.exp(mean(logs) + half),
    rounds: rounds.length,
    blocks: blocks.length,
  };
}
