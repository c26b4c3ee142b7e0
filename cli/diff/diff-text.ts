import type { OutputDifference, OutputsDifference } from '../../engine/diff/compare-outputs.ts';
import type { Change, StructureDifference } from '../../engine/diff/compare-structure.ts';
import type { Listing } from '../../engine/diff/listing.ts';
import { table } from '../output.ts';
import type { ModelDifference } from './model-difference.ts';

/** Rows of a listing that fit a screen; `-o json` has the rest. */
const MAX_ROWS = 15;

const VERDICTS: Readonly<Record<ModelDifference['verdict'], string>> = {
  same: 'same',
  different: 'DIFFERENT',
  inconclusive: 'inconclusive: the outputs could not be compared',
};

/** A difference as a person reads it: the verdict, then what differs and nothing of what does not. */
export function diffText({ a, b, verdict, minCosine, structure, outputs }: ModelDifference): string {
  const by = minCosine === null ? '' : ` (judged by outputs: cosine at least ${minCosine})`;
  return [`A ${a}`, `B ${b}`, `${VERDICTS[verdict]}${by}`, ...structureText(structure), ...outputsText(outputs)].join('\n');
}

function structureText({ opsets, inputs, outputs, operators, nodes, weights, metadata }: StructureDifference): readonly string[] {
  const changed = [
    ...changesText('operator set', opsets),
    ...changesText('input', inputs),
    ...changesText('output', outputs),
    ...changesText('operator', operators),
    ...changesText('metadata', metadata),
  ];
  return [
    `nodes: ${nodes.same} compute the same, ${nodes.downstream} read something else, ${nodes.changed.count} changed, ${nodes.onlyA.count} only in A, ${nodes.onlyB.count} only in B`,
    `weights: ${weights.equal} equal, ${weights.renamed} renamed, ${weights.different.count} different, ${weights.onlyA.count} only in A, ${weights.onlyB.count} only in B`,
    ...changed,
    ...listed('changed node', nodes.changed, ({ name, a, b }) =>
      a === b ? `${name}: attributes or number of inputs of ${a}` : `${name}: ${a} -> ${b}`,
    ),
    ...listed('node only in A', nodes.onlyA),
    ...listed('node only in B', nodes.onlyB),
    ...listed('different weights', weights.different, ({ name, a, b, maxAbsDifference }) => {
      const types = a === b ? a : `${a} -> ${b}`;
      return `${name}: ${types}${maxAbsDifference === null ? '' : `, largest difference ${maxAbsDifference.toPrecision(3)}`}`;
    }),
    ...listed('weights only in A', weights.onlyA),
    ...listed('weights only in B', weights.onlyB),
  ];
}

function changesText(what: string, changes: readonly Change<string | number>[]): readonly string[] {
  const lines = changes.slice(0, MAX_ROWS).map(({ name, a, b }) => `${what} ${name}: ${a ?? 'none'} -> ${b ?? 'none'}`);
  return [...lines, ...rest(what, changes.length)];
}

function listed(what: string, { count, first }: Listing<string>): readonly string[];
function listed<T>(what: string, listing: Listing<T>, text: (item: T) => string): readonly string[];
function listed<T>(what: string, { count, first }: Listing<T>, text: (item: T) => string = String): readonly string[] {
  return [...first.slice(0, MAX_ROWS).map((item) => `${what} ${text(item)}`), ...rest(what, count)];
}

function rest(what: string, count: number): readonly string[] {
  return count > MAX_ROWS ? [`and ${count - MAX_ROWS} more (${what})`] : [];
}

function outputsText(outputs: OutputsDifference): readonly string[] {
  if (outputs.state === 'not-compared') return [`outputs: not compared: ${outputs.why}`];
  const rows = outputs.outputs.map(outputRow);
  return [
    `outputs over ${outputs.rows} inputs, B against A, on the CPU:`,
    table(['output', 'cosine mean', 'cosine min', 'sqnr', 'largest difference', ''], rows),
  ];
}

function outputRow({ a, b, equal, similarity, why }: OutputDifference): readonly string[] {
  const name = a === b ? a : `${a || '-'} / ${b || '-'}`;
  if (why !== '') return [name, '', '', '', '', why];
  if (similarity === null) return [name, '', '', '', '', equal ? 'equal' : 'different'];
  const { cosineMean, cosineMin, sqnrDb, maxAbsDifference } = similarity;
  const sqnr = sqnrDb === null ? '-' : `${sqnrDb.toFixed(1)} dB`;
  return [name, cosineMean.toFixed(6), cosineMin.toFixed(6), sqnr, maxAbsDifference.toPrecision(3), equal ? 'equal' : ''];
}
