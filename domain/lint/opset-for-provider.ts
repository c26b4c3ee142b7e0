import type { LintRule } from './rule.ts';

/** What makers of execution providers say of opsets: the highest one they take, or advise. */
const HIGHEST_OPSETS: ReadonlyMap<string, { readonly opset: number; readonly why: string }> = new Map([
  ['VitisAIExecutionProvider', { opset: 17, why: 'AMD advises opset 17: operators of later ones may stay on the CPU' }],
  ['DmlExecutionProvider', { opset: 20, why: 'DirectML takes operators up to opset 20; later ones run on the CPU' }],
]);

/** Olive exports at this opset when the recipe names none. */
const DEFAULT_OPSET = 20;

const OPSET_PASSES = ['OnnxConversion', 'OnnxOpVersionConversion'];

/** An opset that the target's provider takes in part: nothing fails, nodes fall back. */
export const opsetForProvider: LintRule = {
  name: 'opset-for-provider',
  meaning:
    "the model is written in a later opset than the target's execution provider takes or its maker advises (VitisAI 17, DirectML 20)",
  remedy: 'set `target_opset` to that',
  check({ passes, target }) {
    const limit = HIGHEST_OPSETS.get(target.ep);
    const last = passes.findLast(({ type }) => OPSET_PASSES.includes(type));
    if (limit === undefined || last === undefined) return [];
    const opset = last.written['target_opset'] ?? DEFAULT_OPSET;
    if (typeof opset !== 'number' || opset <= limit.opset) return [];
    return [
      {
        path: last.writtenAt['target_opset'] ?? last.path,
        message: `opset ${opset} for ${target.ep}: ${limit.why}`,
        advice: `Set target_opset to ${limit.opset}.`,
      },
    ];
  },
};
