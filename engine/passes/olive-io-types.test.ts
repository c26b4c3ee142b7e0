import { describe, expect, it } from 'vitest';
import { factsOf, type GraphFacts, modelOfCase, ordered, readCases } from './olive-facts.cases.ts';
import { onnxIODataTypeConverter } from './onnx-io-data-type-converter.ts';
import { loadOnce, passContext } from './passes.cases.ts';

interface Case {
  readonly name: string;
  readonly params: object;
  readonly model: string;
  readonly result: GraphFacts;
}

const cases = await readCases<Case>('olive-io-types.json');

/** The reference leaves its Casts without a name. */
function withoutNames({ valueInfo: _, ...facts }: GraphFacts) {
  return { ...facts, nodes: facts.nodes.map((node) => ({ ...node, name: '' })) };
}

describe('OnnxIODataTypeConverter gives what Olive gives', () => {
  it.each(cases.map((item) => [item.name, item] as const))('%s', async (_, item) => {
    const model = modelOfCase(item);
    await onnxIODataTypeConverter.run(model, onnxIODataTypeConverter.manifest.params.parse(item.params), await passContext());
    expect(withoutNames(factsOf(model.graph))).toEqual(withoutNames(ordered(item.result)));
    await loadOnce(model);
  });
});
