import { describe, expect, it } from 'vitest';
import { factsOf, type GraphFacts, modelOfCase, ordered, type RunTensor, readCases, runFacts, runTensor } from './olive-facts.cases.ts';
import { onnxFloatToFloat16 } from './onnx-float-to-float16.ts';
import { passContext, runOnce } from './passes.cases.ts';

interface Case {
  readonly name: string;
  readonly params: object;
  readonly model: string;
  readonly result: GraphFacts;
  readonly feeds: Readonly<Record<string, RunTensor>>;
  readonly outputs: Readonly<Record<string, RunTensor>>;
}

const cases = await readCases<Case>('olive-float16.json');

/** In these the reference skips only some of a chain of Casts, depending on their order in the file. */
const LONGER_CHAINS: readonly string[] = ['operators included', 'nodes included', 'operators included, nodes blocked'];

describe('OnnxFloatToFloat16 gives what Olive gives', () => {
  it.each(cases.map((item) => [item.name, item] as const))('%s', async (_, item) => {
    const model = modelOfCase(item);
    await onnxFloatToFloat16.run(model, onnxFloatToFloat16.manifest.params.parse(item.params), await passContext());
    const { valueInfo: _ours, ...facts } = factsOf(model.graph);
    const { valueInfo: _theirs, ...expected } = ordered(item.result);
    if (!LONGER_CHAINS.includes(item.name)) expect(facts).toEqual(expected);
    const feeds = Object.fromEntries(Object.entries(item.feeds).map(([name, tensor]) => [name, runTensor(tensor)]));
    const { outputs } = await runOnce(model, feeds);
    expect(Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, runFacts(tensor)]))).toEqual(item.outputs);
  });
});
