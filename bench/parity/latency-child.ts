import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { LatencyRequest, LatencyRound } from './latency.ts';

/**
 * Times two models against each other in one process: node latency-child.js '{"a": PATH, "b": PATH, ...}'. Prints the rounds as one JSON line.
 *
 * Each round makes two new sessions, so that a lucky place in memory does not decide; inside it short blocks alternate in the order a b b a, so that a
 * drift of the machine meets both. One thread an inference: two would share the cores with whatever else runs.
 */

const SHAPE = [1, 128];

async function open(path: string): Promise<InferenceSession> {
  return InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1 });
}

function feedsOf(session: InferenceSession): Record<string, Tensor> {
  const count = SHAPE.reduce((product, size) => product * size, 1);
  const values = (name: string): BigInt64Array =>
    BigInt64Array.from({ length: count }, (_, index) =>
      name === 'input_ids' ? BigInt(1_000 + index) : name === 'attention_mask' ? 1n : 0n,
    );
  return Object.fromEntries(session.inputNames.map((name) => [name, new Tensor('int64', values(name), SHAPE)]));
}

/** Median wall time of an inference over a block. */
async function block(session: InferenceSession, feeds: Record<string, Tensor>, runs: number): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await session.run(feeds);
    times.push(performance.now() - start);
  }
  times.sort((x, y) => x - y);
  return times[Math.floor(times.length / 2)] ?? Number.NaN;
}

async function measureRound({ a, b, pairs, blockMs, warmUpRuns }: LatencyRequest, index: number): Promise<LatencyRound> {
  const order = index % 2 === 0 ? [a, b] : [b, a];
  const opened = [await open(order[0] ?? a), await open(order[1] ?? b)];
  const [first, second] = index % 2 === 0 ? opened : opened.reverse();
  if (first === undefined || second === undefined) throw new Error('two sessions are opened');
  const feeds = feedsOf(first);
  const pace = Math.min(await block(first, feeds, warmUpRuns), await block(second, feeds, warmUpRuns));
  const runs = Math.max(3, Math.round(blockMs / pace));
  const blocks: [number, number][] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const isSwapped = pair % 2 === 1;
    const early = await block(isSwapped ? second : first, feeds, runs);
    const late = await block(isSwapped ? first : second, feeds, runs);
    blocks.push(isSwapped ? [late, early] : [early, late]);
  }
  for (const session of [first, second]) await session.release();
  return { runs, blocks };
}

const request: LatencyRequest = JSON.parse(process.argv[2] ?? '');
const rounds: LatencyRound[] = [];
for (let index = 0; index < request.rounds; index++) rounds.push(await measureRound(request, index));
console.log(JSON.stringify(rounds));
