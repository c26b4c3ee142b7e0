import { describe, expect, it } from 'vitest';
import { dynamicToFixedShape } from './dynamic-to-fixed-shape.ts';
import { factsOf, type GraphFacts, modelOfCase, ordered, readCases } from './olive-facts.cases.ts';
import { loadOnce, passContext } from './passes.cases.ts';

interface Case {
  readonly name: string;
  readonly params: object;
  readonly model: string;
  readonly result: GraphFacts | { readonly error: string };
}

const cases = await readCases<Case>('olive-shapes.json');

describe('DynamicToFixedShape gives what Olive gives', () => {
  it.each(cases.map((item) => [item.name, item] as const))('%s', async (_, item) => {
    const model = modelOfCase(item);
    const run = dynamicToFixedShape.run(model, dynamicToFixedShape.manifest.params.parse(item.params), await passContext());
    if ('error' in item.result) {
      await expect(run).rejects.toMatchObject({ code: 'pass-failed' });
      return;
    }
    await run;
    expect(factsOf(model.graph)).toEqual(ordered(item.result));
    await loadOnce(model);
  });
});
