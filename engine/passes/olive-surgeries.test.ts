import { describe, expect, it } from 'vitest';
import { graphSurgeries } from './graph-surgeries.ts';
import { factsOf, type GraphFacts, modelOfCase, ordered, readCases } from './olive-facts.cases.ts';
import { loadOnce, passContext } from './passes.cases.ts';

interface Case {
  readonly name: string;
  readonly surgery: { readonly surgeon: string } | null;
  readonly model: string;
  readonly result: GraphFacts;
}

const cases = await readCases<Case>('olive-surgeries.json');

describe('surgeries give what Olive gives', () => {
  it.each(cases.map((item) => [item.surgery?.surgeon ?? 'merging', item.name, item] as const))('%s: %s', async (_surgeon, _name, item) => {
    const model = modelOfCase(item);
    const params = graphSurgeries.manifest.params.parse({
      surgeries: item.surgery === null ? [] : [item.surgery],
      remove_duplicate_initializers: item.surgery === null,
    });
    await graphSurgeries.run(model, params, await passContext());
    const { valueInfo, ...facts } = factsOf(model.graph);
    const { valueInfo: expectedInfo, ...expected } = ordered(item.result);
    expect(facts).toEqual(expected);
    // Olive's shape inference also records values it then leaves alone.
    expect(expectedInfo).toMatchObject(valueInfo);
    await loadOnce(model);
  });
});
