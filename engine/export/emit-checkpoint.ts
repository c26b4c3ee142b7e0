import { GroveError } from '../../domain/errors.ts';
import type { ModelRule } from '../../domain/lint/model-rules.ts';
import { EXPORT_TASKS, type ExportTask } from '../../domain/passes/hf-model.ts';
import { DataType } from '../graph/data-type.ts';
import type { Graph } from '../graph/graph.ts';
import type { Architecture } from './architecture.ts';
import { bert } from './bert.ts';
import type { Checkpoint } from './checkpoint.ts';
import { distilbert } from './distilbert.ts';
import type { Emission, EmissionOptions, InputArgument, Parameter } from './emission.ts';
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
  /** PyTorch's name of the type of weights and computation: `float32`, `float16`, or `auto` for the checkpoint's. Default or null: float32. */
  readonly dtype?: string | null;
  /** Whether code that comes with the checkpoint would run. Default false. */
  readonly trustsRemoteCode?: boolean;
  /** `io_config` of the recipe's model. */
  readonly ioConfig?: unknown;
}

/** Something about an export that its user would not expect. */
export interface ExportFinding {
  readonly rule: ModelRule;
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

const REORDERED: ExportFinding = {
  rule: 'inputs-reordered',
  message:
    'io_config lists the inputs in another order than the model takes them; each name is its own input here, where PyTorch would name them by position',
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
  const { task, opset, dynamic, attention = 'sdpa', ioConfig } = request;
  const architecture = architectureOf(checkpoint, request.trustsRemoteCode ?? false);
  const floatType = floatTypeOf(checkpoint, request.dtype ?? 'float32');
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
  const findings = [...(hasPooler ? [] : [NO_POOLER]), ...(isReordered(io, architecture) ? [REORDERED] : [])];
  return { graph: lowerTrace(trace, weights), findings };
}

/** By PyTorch's name. */
const FLOAT_TYPES: ReadonlyMap<unknown, DataType> = new Map([
  ['float32', DataType.FLOAT],
  ['float16', DataType.FLOAT16],
]);

/** `auto` is what config.json names, by its older or newer name; without one it is what the weights are, which no published encoder leaves open. */
function floatTypeOf({ config }: Checkpoint, dtype: string): DataType {
  const name = dtype === 'auto' ? (config['dtype'] ?? config['torch_dtype'] ?? 'float32') : dtype;
  const floatType = FLOAT_TYPES.get(name);
  if (floatType !== undefined) return floatType;
  throw new GroveError('unsupported-input', { problem: `torch_dtype ${name} (exported are float32 and float16)` });
}

function architectureOf({ config }: Checkpoint, trustsRemoteCode: boolean): Architecture {
  if (trustsRemoteCode && config['auto_map'] !== undefined) {
    throw new GroveError('unsupported-input', { problem: 'its config.json names code of its own (auto_map), and the recipe trusts it' });
  }
  const { model_type: modelType } = config;
  const found = ARCHITECTURES.find(({ modelTypes }) => modelTypes.includes(modelType));
  if (found !== undefined) return found;
  const known = ARCHITECTURES.flatMap(({ modelTypes }) => modelTypes).join(', ');
  throw new GroveError('unsupported-input', { problem: `architecture "${modelType}" (exported are ${known})` });
}

function isReordered({ inputs }: ExportIo, { inputs: accepted }: Architecture): boolean {
  const places = inputs.map(({ argument }) => accepted.indexOf(argument));
  return places.some((place, index) => place < (places[index - 1] ?? 0));
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
