import { GroveError } from '../../domain/errors.ts';
import { DataType } from '../graph/data-type.ts';
import type { Graph } from '../graph/graph.ts';
import type { Architecture } from './architecture.ts';
import { bert } from './bert.ts';
import type { Checkpoint } from './checkpoint.ts';
import { distilbert } from './distilbert.ts';
import { type Emission, type EmissionOptions, EXPORT_TASKS, type ExportTask, type InputArgument, type Parameter } from './emission.ts';
import type { EncoderConfig } from './encoder-config.ts';
import { type ExportIo, resolveIo } from './io-config.ts';
import { lowerTrace } from './lower-trace.ts';
import { addOutputs } from './outputs.ts';
import { roberta } from './roberta.ts';
import { Trace, TraceScope } from './trace.ts';
import { Weights } from './weights.ts';

export interface ExportOptions {
  readonly task: ExportTask;
  /** 17 to 21. PyTorch's exporter ends at 20; 21 gives the same graph, whose operators mean the same there. */
  readonly opset: number;
  /** True: batch and sequence length are symbolic. False: fixed at the size of the dummy input, 2 x 16 unless `ioConfig` has another. */
  readonly dynamic: boolean;
  /** How attention is computed; default `sdpa`, as transformers chooses. */
  readonly attention?: 'sdpa' | 'eager';
  /** Type of weights and computation: FLOAT (default) or FLOAT16, whatever the checkpoint's. */
  readonly floatType?: DataType;
  /** `io_config` of the recipe's model. */
  readonly ioConfig?: unknown;
}

/** Something about an export that its user would not expect. */
export interface ExportFinding {
  readonly rule: string;
  readonly message: string;
}

/** One entry per architecture family. */
const ARCHITECTURES: readonly Architecture[] = [bert, distilbert, roberta];

/** Missing tensors that an error names. */
const MAX_NAMED = 3;

const NO_POOLER: ExportFinding = {
  rule: 'pooler-missing',
  message: 'the checkpoint has no pooler, so the model has no pooled output; PyTorch would compute one from random weights',
};

/** A checkpoint's model for a task, as far as it is known before anything is emitted. */
interface Plan {
  readonly checkpoint: Checkpoint;
  readonly architecture: Architecture;
  readonly config: EncoderConfig;
  readonly weights: Weights;
  readonly task: ExportTask;
}

/** Emits a checkpoint's model for a task. Throws `unsupported-input` and `invalid-checkpoint`. */
export function emitCheckpoint(checkpoint: Checkpoint, request: ExportOptions): { graph: Graph; findings: readonly ExportFinding[] } {
  const { task, opset, dynamic, attention = 'sdpa', floatType = DataType.FLOAT, ioConfig } = request;
  const architecture = architectureOf(checkpoint);
  const config = architecture.config(checkpoint);
  const io = resolveIo({ task, accepts: architecture.inputs, dynamic, ioConfig });
  requirePositions(io, architecture.maxSequence(config));
  const weights = new Weights(checkpoint, { encoderName: architecture.encoderName, floatType });
  const { parameters, hasPooler } = requireParameters({ checkpoint, architecture, config, weights, task });
  const trace = new Trace();
  for (const [name, dims] of parameters) trace.parameters.set(name, dims);
  const emission = startEmission({ trace, config, hasPooler, encoderName: architecture.encoderName }, io, {
    task,
    opset,
    attention,
    floatType,
  });
  addOutputs(emission, io, architecture.emit(emission));
  return { graph: lowerTrace(trace, weights), findings: hasPooler ? [] : [NO_POOLER] };
}

function architectureOf({ config: { model_type: modelType } }: Checkpoint): Architecture {
  const found = ARCHITECTURES.find(({ modelTypes }) => modelTypes.includes(modelType));
  if (found !== undefined) return found;
  const known = ARCHITECTURES.flatMap(({ modelTypes }) => modelTypes).join(', ');
  throw new GroveError('unsupported-input', { problem: `architecture "${modelType}" (exported are ${known})` });
}

/** A fixed sequence must fit the position table: a longer one would read outside it. */
function requirePositions({ inputs }: ExportIo, maxSequence: number): void {
  const length = inputs.find(({ argument }) => argument === 'input_ids')?.dims[1];
  if (typeof length !== 'number' || length <= maxSequence) return;
  throw new GroveError('unsupported-input', {
    problem: `a fixed sequence of ${length} tokens: the model has positions for ${maxSequence}`,
  });
}

/**
 * The parameters of the model, checked against the checkpoint. A head that it lacks is an error: PyTorch would fill it with random weights. Only the
 * pooler of a feature extractor may be missing, since its other output is what features are taken from.
 */
function requireParameters(plan: Plan): { readonly parameters: readonly Parameter[]; readonly hasPooler: boolean } {
  const { config, weights, task, checkpoint } = plan;
  if (task === 'question-answering' && config.labelCount !== 2) {
    throw new GroveError('unsupported-input', { problem: `question-answering with ${config.labelCount} labels (start and end are two)` });
  }
  const wanted = parametersOf(plan, task);
  const pooler = task === 'feature-extraction' ? wanted.filter(([name]) => name.startsWith('pooler.')) : [];
  const hasPooler = weights.missing(pooler).length === 0;
  const parameters = hasPooler ? wanted : wanted.filter((parameter) => !pooler.includes(parameter));
  const missing = weights.missing(parameters);
  if (missing.length > 0) throw new GroveError('invalid-checkpoint', { where: checkpoint.folder, problem: missingText(plan, missing) });
  weights.check(parameters);
  return { parameters, hasPooler };
}

function parametersOf({ architecture, config }: Plan, task: ExportTask): readonly Parameter[] {
  return architecture.parameters(config, task, task === 'feature-extraction' ? '' : `${architecture.encoderName}.`);
}

/** Names what is missing, and the tasks whose parameters are all there. */
function missingText(plan: Plan, missing: readonly string[]): string {
  const named = missing.slice(0, MAX_NAMED).map((name) => `"${name}"`);
  const more = missing.length > named.length ? ` and ${missing.length - named.length} more` : '';
  const subject = missing.length === 1 ? `tensor ${named.join()} is missing` : `tensors ${named.join(', ')}${more} are missing`;
  const possible = EXPORT_TASKS.filter((task) => isPossible(plan, task));
  const needs = `task ${plan.task} needs ${missing.length === 1 ? 'it' : 'them'}`;
  if (possible.length === 0) return `${subject}; ${needs}`;
  return `${subject}; ${needs}. With what the checkpoint holds, --task ${possible.join(' or ')} works`;
}

function isPossible(plan: Plan, task: ExportTask): boolean {
  const needed = parametersOf(plan, task).filter(([name]) => !name.startsWith('pooler.'));
  return plan.weights.missing(needed).length === 0;
}

interface EmissionStart {
  readonly trace: Trace;
  readonly config: EncoderConfig;
  readonly hasPooler: boolean;
  readonly encoderName: string;
}

/** Declares the inputs and puts everything together that emitting needs. A feature extractor is the encoder itself; other tasks have it as a module. */
function startEmission({ trace, config, hasPooler, encoderName }: EmissionStart, io: ExportIo, options: EmissionOptions): Emission {
  for (const { name, dataType, dims } of io.inputs) trace.addInput({ name, dataType, dims });
  const nameOf = (argument: InputArgument): string | undefined => io.inputs.find((input) => input.argument === argument)?.name;
  const inputs = { input_ids: nameOf('input_ids'), attention_mask: nameOf('attention_mask'), token_type_ids: nameOf('token_type_ids') };
  const tokenDims = [inputs.input_ids, inputs.token_type_ids].flatMap((name) => (name === undefined ? [] : [trace.staticDims(name)]));
  const [dims] = tokenDims;
  const isStatic = tokenDims.every((known) => known !== undefined);
  const root = new TraceScope(trace, '');
  const isBare = options.task === 'feature-extraction';
  return {
    ...{ config, options, trace, inputs, root, hasPooler },
    hiddenDims: isStatic && dims ? [...dims, config.hiddenSize] : undefined,
    scope: isBare ? root : root.in(encoderName),
    prefix: isBare ? '' : `${encoderName}.`,
  };
}
