import type { GroveClient } from '../../api/client.ts';
import { GroveError } from '../../domain/errors.ts';
import type { Tier } from '../../domain/names.ts';
import type { SessionSpec } from '../../engine/benchmark/session-spec.ts';
import { openLocalChildren } from '../bench/children.ts';
import { emulatorOfSession, sessionHere } from '../bench/session-here.ts';
import type { OutputOptions } from '../commands/command.ts';
import type { CommandContext } from '../context.ts';
import { keyValues, positiveInteger } from '../option-parsers.ts';
import { print } from '../output.ts';
import { compareCells } from './compare-cells.ts';
import { compareHere } from './compare-local.ts';
import { cellComparisonText, comparisonText } from './compare-text.ts';
import { VERDICT_EXIT } from './comparison.ts';
import { type VariantOptions, variantOf } from './variant.ts';

/** `grove compare`'s options. */
export interface CompareOptions extends OutputOptions, VariantOptions {
  readonly ep: string;
  /** Over the shared ones, for the second side. */
  readonly bEp?: string;
  readonly bDevice?: 'cpu' | 'gpu' | 'npu';
  readonly bEpPackage?: string;
  readonly bEpOption: readonly string[];
  readonly bOrt?: string;
  readonly bThreads?: number;
  readonly tier: Tier;
  readonly pairs?: number;
  readonly dim: readonly string[];
  readonly idsBelow: number;
  readonly margin: number;
}

/** What the command was told. */
export interface CompareCall {
  readonly options: CompareOptions;
  readonly context: CommandContext;
}

/** Measures two models or ways to run one here, prints the ratio with its interval and sets the exit code: 0 the same or faster, 3 slower, 4 inconclusive. */
export async function runCompareHere(modelA: string, modelB: string, { options, context }: CompareCall): Promise<void> {
  const [a, b] = [await variantOf(modelA, options, { epOption: [] }), await variantOf(modelB, options, optionsOfB(options))];
  const sessions = { a: await sessionHere(a, context), b: await sessionHere(b, context) };
  const isEmulated = async (session: SessionSpec) => (await emulatorOfSession(session, context)) !== null;
  const emulated = { a: await isEmulated(sessions.a), b: await isEmulated(sessions.b) };
  if (JSON.stringify(sessions.a) === JSON.stringify(sessions.b))
    context.terminal.error('both sides are the same: the ratio tells how well this machine repeats itself');
  const dims = Object.fromEntries(Object.entries(keyValues('--dim', options.dim)).map(([name, size]) => [name, positiveInteger(size)]));
  const inputs = { kind: 'generated', seed: 1, dims, integerBelow: options.idsBelow };
  const children = await openLocalChildren(context);
  try {
    const { tier, pairs, margin } = options;
    const plan = { tier, margin, ...(pairs !== undefined && { pairs }) };
    const comparison = await compareHere({ sessions, emulated, inputs, ...plan, children, onPair: (line) => context.terminal.error(line) });
    print({ output: options.output, terminal: context.terminal }, comparison, comparisonText);
    context.exit(VERDICT_EXIT[comparison.verdict]);
  } finally {
    await children.close();
  }
}

/** Compares two cells of the farm's matrix, prints what differs beside the model, and sets the exit code as {@link runCompareHere} does. */
export async function runCompareCells(
  client: GroveClient,
  ids: readonly [string, string],
  { options, context }: CompareCall,
): Promise<void> {
  const comparison = await compareCells(client, ids, options.margin);
  print({ output: options.output, terminal: context.terminal }, comparison, cellComparisonText);
  context.exit(VERDICT_EXIT[comparison.verdict]);
}

/** Throws `invalid-argument` where a second model or cell is needed. */
export function secondOf(first: string, second: string | undefined, options: CompareOptions): string {
  const { epOption, ...own } = optionsOfB(options);
  if (second !== undefined) return second;
  if (epOption.length > 0 || Object.keys(own).length > 0) return first;
  throw new GroveError('invalid-argument', {
    problem: 'name a second model, or what differs for it (--b-ep, --b-ep-option, --b-ort, ...)',
  });
}

function optionsOfB({ bEp, bDevice, bEpPackage, bEpOption, bOrt, bThreads }: CompareOptions): VariantOptions {
  return {
    epOption: bEpOption,
    ...(bEp !== undefined && { ep: bEp }),
    ...(bDevice !== undefined && { device: bDevice }),
    ...(bEpPackage !== undefined && { epPackage: bEpPackage }),
    ...(bOrt !== undefined && { ort: bOrt }),
    ...(bThreads !== undefined && { threads: bThreads }),
  };
}
