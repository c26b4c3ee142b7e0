import { dirname, resolve } from 'node:path';
import { GroveError } from '../../domain/errors.ts';
import { Findings } from '../../domain/recipe/findings.ts';
import { parseDataConfigs } from '../../domain/recipe/parse-data-configs.ts';
import { generateFeeds } from '../../engine/benchmark/inputs.ts';
import { evaluateDataConfig } from '../../engine/data/data-config.ts';
import { loadTokenizer } from '../../engine/data/tokenizer.ts';
import { compareOutputs, type OutputsDifference } from '../../engine/diff/compare-outputs.ts';
import { compareStructure, type StructureDifference } from '../../engine/diff/compare-structure.ts';
import { findModelFile } from '../../engine/inspect/find-model.ts';
import { readModelFile } from '../../engine/onnx/read.ts';
import type { ValueMetadata } from '../../engine/runtime/inference-runtime.ts';
import { loadOrtNode } from '../../engine/runtime/ort-node.ts';
import type { NamedTensors } from '../../engine/runtime/tensor.ts';
import type { OutputOptions } from '../commands/command.ts';
import type { CommandContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { print } from '../output.ts';
import { parseDataFile } from '../sources/data-file.ts';
import { diffText } from './diff-text.ts';
import type { ModelDifference } from './model-difference.ts';

/** `grove diff`'s options. */
export interface DiffOptions extends OutputOptions {
  readonly data?: string;
  readonly tokenizer?: string;
  readonly rows: number;
  readonly idsBelow: number;
  readonly minCosine?: number;
}

const EXIT_CODES: Readonly<Record<ModelDifference['verdict'], ExitCode>> = {
  same: EXIT.ok,
  different: EXIT.regression,
  inconclusive: EXIT.inconclusive,
};

/** Compares two models, prints how they differ and sets the exit code: 0 same, 3 different, 4 when a bound was given and no outputs could be compared. */
export async function runDiff(modelA: string, modelB: string, { options, context }: DiffCall): Promise<void> {
  const [a, b] = [await findModelFile(resolve(modelA)), await findModelFile(resolve(modelB))];
  const structure = compareStructure(await readModelFile(a), await readModelFile(b));
  const outputs: OutputsDifference = structure.sameComputation
    ? { state: 'not-compared', why: 'nodes and weights are equal, so that they are too' }
    : await compareOutputs({ pathA: a, pathB: b, runtime: await loadOrtNode(), inputs: await inputsOf(options, a) });
  const difference: ModelDifference = {
    a,
    b,
    verdict: verdictOf(structure, outputs, options.minCosine),
    minCosine: options.minCosine ?? null,
    structure,
    outputs,
  };
  print({ output: options.output, terminal: context.terminal }, difference, diffText);
  context.exit(EXIT_CODES[difference.verdict]);
}

/** What the command was told. */
export interface DiffCall {
  readonly options: DiffOptions;
  readonly context: CommandContext;
}

function verdictOf(structure: StructureDifference, outputs: OutputsDifference, minCosine: number | undefined): ModelDifference['verdict'] {
  if (structure.sameComputation) return 'same';
  if (minCosine === undefined) return 'different';
  if (outputs.state === 'not-compared') return 'inconclusive';
  const isClose = outputs.outputs.every(({ equal, similarity }) => equal || (similarity !== null && similarity.cosineMin >= minCosine));
  return isClose ? 'same' : 'different';
}

type Inputs = (joint: readonly ValueMetadata[]) => AsyncIterable<NamedTensors>;

/** Rows of a file when one is given; seeded values otherwise, the same for every call with the same options. */
async function inputsOf({ data, tokenizer, rows, idsBelow }: DiffOptions, modelPath: string): Promise<Inputs> {
  if (data !== undefined) return rowInputs(data, tokenizer ?? dirname(modelPath), rows);
  return async function* (joint) {
    for (let seed = 1; seed <= rows; seed++) yield generateFeeds(joint, { kind: 'generated', seed, dims: {}, integerBelow: idsBelow });
  };
}

async function rowInputs(data: string, tokenizerFolder: string, maxRows: number): Promise<Inputs> {
  const {
    file,
    read: { columns },
  } = await parseDataFile(`rows=${data}`, process.cwd());
  if (columns === undefined)
    throw new GroveError('invalid-argument', { problem: '--data takes FILE:column[,column]: name the columns to tokenise' });
  const tokenizer = await loadTokenizer(tokenizerFolder);
  return async function* (joint) {
    const length = joint.find(({ dims }) => dims.length === 2)?.dims[1];
    const padding = typeof length === 'number' ? { padding: 'max_length', max_length: length } : { padding: 'longest' };
    const findings = new Findings('--data');
    const [config] = parseDataConfigs(
      [{ name: 'rows', type: 'HuggingfaceContainer', pre_process_data_config: { input_cols: columns, max_samples: maxRows, ...padding } }],
      findings,
    );
    findings.throwIfAny();
    if (config !== undefined) yield* evaluateDataConfig({ config, file, columns, tokenizer });
  };
}
