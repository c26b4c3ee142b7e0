import { z } from 'zod';
import { GroveError } from '../../domain/errors.ts';
import type { ExportTask } from '../../domain/passes/hf-model.ts';
import { DataType } from '../graph/data-type.ts';
import type { Dim } from '../graph/value.ts';
import type { InputArgument } from './emission.ts';

/** Size of the dummy input that Olive exports with. */
const DUMMY_DIMS = [2, 16];

/** Types an input of token ids can have. */
const INPUT_TYPES: ReadonlyMap<string, DataType> = new Map([
  ['int64', DataType.INT64],
  ['int32', DataType.INT32],
]);

const axesSchema = z.record(z.string().regex(/^\d+$/), z.string().min(1));
const schema = z.looseObject({
  input_names: z.array(z.string().min(1)).min(1).max(16),
  input_shapes: z.array(z.array(z.number().int().min(1).max(1_000_000))).nullish(),
  input_types: z.array(z.string()).nullish(),
  output_names: z.array(z.string().min(1)).min(1).max(16),
  dynamic_axes: z.record(z.string(), axesSchema.nullable()).nullish(),
  string_to_int_dim_params: z.array(z.string().regex(/^\d+$/)).nullish(),
});

/** One input of an export. */
export interface ExportInput {
  readonly argument: InputArgument;
  readonly name: string;
  readonly dataType: DataType;
  readonly dims: readonly Dim[];
}

/** Names, types and axes of an export's inputs and outputs. */
export interface ExportIo {
  readonly inputs: readonly ExportInput[];
  /** Names of the first outputs; further ones get their number in the trace. */
  readonly outputNames: readonly string[];
  /** Names of dimensions by output and axis. */
  readonly outputAxes: ReadonlyMap<string, ReadonlyMap<number, string>>;
  /** Names of dimensions that stand for the number they spell. */
  readonly numericNames: ReadonlySet<string>;
}

export interface IoRequest {
  readonly task: ExportTask;
  /** What the architecture's forward function takes, in its order. */
  readonly accepts: readonly InputArgument[];
  /** False: every dimension is that of the dummy input. */
  readonly dynamic: boolean;
  /** `io_config` of the recipe's model, or undefined. */
  readonly ioConfig: unknown;
}

/** Output names and axes of a task, as Olive's task templates give them. */
const TASK_OUTPUTS: Readonly<Record<ExportTask, Readonly<Record<string, readonly string[]>>>> = {
  'feature-extraction': { last_hidden_state: ['batch_size', 'sequence_length', 'hidden_size'] },
  'text-classification': { logits: ['batch_size', 'num_labels'] },
  'token-classification': { logits: ['batch_size', 'sequence_length', 'num_labels'] },
  'fill-mask': { logits: ['batch_size', 'sequence_length', 'vocab_size'] },
  'question-answering': { start_logits: ['batch_size', 'sequence_length'], end_logits: ['batch_size', 'sequence_length'] },
};

/**
 * Decides inputs and outputs as Olive does: by the recipe's `io_config` where there is one, else by the task. Throws `unsupported-input` for what Olive
 * could not export either, or only by making inputs up.
 */
export function resolveIo(request: IoRequest): ExportIo {
  return request.ioConfig === undefined || request.ioConfig === null ? taskIo(request) : configuredIo(request);
}

function taskIo({ task, accepts, dynamic }: IoRequest): ExportIo {
  const dims = dynamic ? ['batch_size', 'sequence_length'] : DUMMY_DIMS;
  const outputs = Object.entries(TASK_OUTPUTS[task]);
  const axes = outputs.map(([name, names]): [string, ReadonlyMap<number, string>] => [name, new Map(names.entries())]);
  return {
    inputs: accepts.map((argument) => ({ argument, name: argument, dataType: DataType.INT64, dims })),
    outputNames: outputs.map(([name]) => name),
    outputAxes: new Map(dynamic ? axes : []),
    numericNames: new Set(),
  };
}

type IoConfig = z.output<typeof schema>;

function configuredIo({ ioConfig, accepts, dynamic }: IoRequest): ExportIo {
  const parsed = schema.safeParse(ioConfig);
  if (!parsed.success) throw unsupported(z.prettifyError(parsed.error).replaceAll('\n', ' '));
  const config = parsed.data;
  const axes = dynamic ? axesOf(config) : new Map<string, ReadonlyMap<number, string>>();
  const shapes = shapesOf(config);
  const inputs = argumentsOf(config, accepts).map((argument, index): ExportInput => {
    const name = config.input_names[index] ?? argument;
    const named = axes.get(name);
    const dims = shapes.map((size, axis) => named?.get(axis) ?? size);
    return { argument, name, dataType: typeOf(config, index), dims };
  });
  requireOwnNames(config, inputs);
  return { inputs, outputNames: config.output_names, outputAxes: axes, numericNames: new Set(config.string_to_int_dim_params ?? []) };
}

/** A model that names two of its ends alike is none; PyTorch would rename one of them. */
function requireOwnNames({ output_names: outputs }: IoConfig, inputs: readonly ExportInput[]): void {
  const taken = new Set(inputs.map(({ name }) => name));
  for (const name of outputs) {
    if (taken.has(name)) throw unsupported(`output_names names "${name}", which is an input or another output`);
    taken.add(name);
  }
}

function axesOf({ dynamic_axes: axes }: IoConfig): Map<string, ReadonlyMap<number, string>> {
  const byName = Object.entries(axes ?? {}).map(([name, names]): [string, ReadonlyMap<number, string>] => {
    return [name, new Map(Object.entries(names ?? {}).map(([axis, label]) => [Number(axis), label]))];
  });
  return new Map(byName);
}

/**
 * The argument that each named input is. With shapes Olive calls the model by these names, so they must be the arguments'. Without, it makes its own
 * dummy input and PyTorch names them by position.
 */
function argumentsOf(config: IoConfig, accepts: readonly InputArgument[]): readonly InputArgument[] {
  const names = config.input_names;
  const byName = names.flatMap((name) => accepts.find((argument) => argument === name) ?? []);
  if (new Set(names).size !== names.length) throw unsupported('input_names names an input twice');
  // PyTorch would name inputs by position even when these are their arguments in another order, and so mix them up.
  if (byName.length === names.length) return requireArguments(byName, config, accepts);
  if (config.input_shapes) {
    const unknown = names.find((name) => !accepts.some((argument) => argument === name));
    throw unsupported(`the model has no input "${unknown}" (it takes ${accepts.join(', ')})`);
  }
  if (names.length === accepts.length) return accepts;
  throw unsupported(`input_names has ${names.length} names that are not the model's and no input_shapes; it takes ${accepts.join(', ')}`);
}

function requireArguments(chosen: readonly InputArgument[], config: IoConfig, accepts: readonly InputArgument[]): readonly InputArgument[] {
  const lacking = (['input_ids', 'attention_mask'] as const).find((argument) => !chosen.includes(argument));
  if (lacking !== undefined) throw unsupported(`input_names lacks ${lacking}`);
  if (chosen.length < accepts.length && !config.input_shapes) {
    throw unsupported(
      `input_names leaves out ${accepts.filter((argument) => !chosen.includes(argument)).join(', ')}, which needs input_shapes`,
    );
  }
  return chosen;
}

/** The shape of the dummy input, one for all inputs. */
function shapesOf({ input_names: names, input_shapes: shapes }: IoConfig): readonly number[] {
  if (!shapes) return DUMMY_DIMS;
  const [first = []] = shapes;
  if (shapes.length !== names.length) throw unsupported('input_names and input_shapes differ in length');
  if (first.length !== 2 || shapes.some((shape) => shape.join() !== first.join())) {
    throw unsupported('input_shapes must be one [batch, sequence] for all inputs');
  }
  return first;
}

function typeOf({ input_names: names, input_shapes: shapes, input_types: types }: IoConfig, index: number): DataType {
  if (!shapes) return DataType.INT64;
  if (types?.length !== names.length)
    throw unsupported('input_shapes needs as many input_types: without a type the dummy input would be float32');
  const type = INPUT_TYPES.get(types[index] ?? '');
  if (type === undefined) throw unsupported(`an input of type ${types[index]} is no token id (int64 and int32 are)`);
  return type;
}

function unsupported(problem: string): GroveError {
  return new GroveError('unsupported-input', { problem: `io_config cannot be exported: ${problem}` });
}
