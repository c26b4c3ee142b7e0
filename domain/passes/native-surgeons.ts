import { z } from 'zod';

/** What everybody may know of a surgeon that Grove implements. */
export interface SurgeonManifest<Shape extends z.ZodRawShape = z.ZodRawShape> {
  /** Olive's spelling; lookup is case-insensitive. */
  readonly name: string;
  /** What it does, one sentence for `docs/passes.md`. */
  readonly summary: string;
  /** Its arguments with Olive's defaults, each ending in `.describe(...)`. */
  readonly params: z.ZodObject<Shape>;
  /** What else a reader should know, differences from Olive among it: plain sentences. */
  readonly notes: readonly string[];
}

const names = (description: string) => z.array(z.string().min(1)).describe(description);

/** Python counts negative indices from the end. */
const FROM_THE_END = 'Negative numbers count from the end.';
const index = z.number().int();

const renamingParams = z
  .object({
    old_names: names('Names to replace.'),
    new_names: names('What they become, in the same order.'),
  })
  .refine(({ old_names, new_names }) => old_names.length === new_names.length, {
    path: ['new_names'],
    message: 'must have as many names as old_names',
  });

const deduplicateNodes = {
  name: 'DeduplicateNodes',
  summary: 'Keeps the first of several nodes that write the same value.',
  params: z.object({}),
  notes: [
    "In Olive it repairs models that its float16 conversion may leave with two producers of one value. Grove's conversion leaves none, and Grove's reader refuses a file with two: this surgeon never finds any and says so.",
  ],
} as const satisfies SurgeonManifest;

const exposeOutputs = {
  name: 'ExposeOutputs',
  summary: 'Makes the first output of named nodes a graph output.',
  params: z.object({ names: names('Names of nodes, not of values.') }),
  notes: [
    'New outputs come last, in the order of the nodes in the graph, and carry the type that ONNX Runtime infers. A value that is an output already is not listed twice.',
  ],
} as const satisfies SurgeonManifest;

const gemmToMatMulAdd = {
  name: 'GemmToMatMulAdd',
  summary: 'Turns Gemm back into MatMul and, where it has a bias, Add, for quantisers that look for MatMul.',
  params: z.object({}),
  notes: [
    'A Gemm with alpha or beta other than 1, or with transA, is left alone. With transB a constant weight is transposed once for all its readers and its old form dropped when nobody reads it any more; any other weight goes through a Transpose.',
  ],
} as const satisfies SurgeonManifest;

const inferShapes = {
  name: 'InferShapes',
  summary: 'Records the inferred type and shape of every intermediate value and of outputs.',
  params: z.object({}),
  notes: [
    'Types come from ONNX Runtime, so that its own operators are known too. Sizes fill what a record leaves open; a record that contradicts them is replaced. Bodies of If, Loop and Scan keep their records.',
  ],
} as const satisfies SurgeonManifest;

const matMulAddToGemm = {
  name: 'MatMulAddToGemm',
  summary: 'Joins a MatMul and the Add of a bias behind it into one Gemm, between Reshapes where the left operand is no matrix.',
  params: z.object({}),
  notes: [
    'The MatMul must have no other reader, and the bias one dimension. Shapes come from ONNX Runtime with constants folded, which reaches what Olive up to 0.13 knows through its symbolic engine: all 36 projections of MiniLM-L6 convert. New nodes have the names Olive gives them.',
    'Left alone where Olive writes a graph that fails: a bias wider than the product, integers, dimensions of zero, a Relu before a graph output. Bodies of If, Loop and Scan are left alone too.',
  ],
} as const satisfies SurgeonManifest;

const powReduceSumPowDiv2LpNorm = {
  name: 'PowReduceSumPowDiv2LpNorm',
  summary: 'Replaces x / (sum of x²)^½ over the last axis by LpNormalization with p 2.',
  params: z.object({}),
  notes: [
    'Olive looks at the exponents only. Grove also makes sure that the Div divides that same x and that the sum runs over the last axis and keeps it; nodes of the chain that somebody else reads stay. Exponents may be Constant nodes.',
    'A vector of zeros gives 0 where the chain gave NaN.',
  ],
} as const satisfies SurgeonManifest;

const removeShapes = {
  name: 'RemoveShapes',
  summary: 'Drops all recorded types of intermediate values of the main graph.',
  params: z.object({}),
  notes: [],
} as const satisfies SurgeonManifest;

const renameInputDims = {
  name: 'RenameInputDims',
  summary: 'Gives one dimension of a graph input a symbolic name, also one that was a number.',
  params: z
    .object({
      dim_idx: index.describe(`Axis. ${FROM_THE_END}`),
      dim_name: z.string().min(1).describe('Its new name.'),
      input_name: z.string().nullable().default(null).describe('Name of the input; wins over `input_idx`.'),
      input_idx: index.nullable().default(null).describe(`Place of the input. ${FROM_THE_END}`),
    })
    .refine(({ input_name, input_idx }) => input_name !== null || input_idx !== null, {
      path: ['input_name'],
      message: 'give input_name or input_idx',
    }),
  notes: [],
} as const satisfies SurgeonManifest;

const renameInputs = {
  name: 'RenameInputs',
  summary: 'Renames graph inputs and all their uses.',
  params: renamingParams,
  notes: [
    'All names change at once, so two inputs can swap theirs. A name that another value has is refused; one that no input has is a finding.',
  ],
} as const satisfies SurgeonManifest;

const renameOutputDims = {
  name: 'RenameOutputDims',
  summary: 'Gives one dimension of a graph output a symbolic name.',
  params: z.object({
    output_idx: index.describe(`Place of the output. ${FROM_THE_END}`),
    dim_idx: index.describe(`Axis. ${FROM_THE_END}`),
    dim_name: z.string().min(1).describe('Its new name.'),
  }),
  notes: [],
} as const satisfies SurgeonManifest;

const renameOutputs = {
  name: 'RenameOutputs',
  summary: 'Renames graph outputs and all uses of their values.',
  params: renamingParams,
  notes: ['As RenameInputs. An output that is an input too is refused: its one value cannot have two names.'],
} as const satisfies SurgeonManifest;

const replaceAttentionMaskValue = {
  name: 'ReplaceAttentionMaskValue',
  summary: 'Replaces the "minus infinity" of an attention mask, so that it rules neither quantisation ranges nor float16.',
  params: z.object({
    threshold: z.number().default(-3e30).describe('Constants below it are replaced.'),
    replacement: z.number().default(-1e4).describe('What they become.'),
  }),
  notes: [
    'A float32 constant is touched only when every consumer is an Add, Mul, Expand, Where or Shape (Shape counts since Olive 0.10). It never looks at float16: behind a float16 conversion it matches nothing, which is reported as a finding.',
  ],
} as const satisfies SurgeonManifest;

/**
 * Every surgeon Grove runs itself, by Olive's name, in alphabetical order. The engine's table is keyed by these names, so a surgeon without an
 * implementation does not compile.
 */
export const NATIVE_SURGEONS = {
  DeduplicateNodes: deduplicateNodes,
  ExposeOutputs: exposeOutputs,
  GemmToMatMulAdd: gemmToMatMulAdd,
  InferShapes: inferShapes,
  MatMulAddToGemm: matMulAddToGemm,
  PowReduceSumPowDiv2LpNorm: powReduceSumPowDiv2LpNorm,
  RemoveShapes: removeShapes,
  RenameInputDims: renameInputDims,
  RenameInputs: renameInputs,
  RenameOutputDims: renameOutputDims,
  RenameOutputs: renameOutputs,
  ReplaceAttentionMaskValue: replaceAttentionMaskValue,
} as const satisfies Record<string, SurgeonManifest>;

/** Olive's spelling of a surgeon that Grove runs itself. */
export type NativeSurgeon = keyof typeof NATIVE_SURGEONS;

/** Arguments after defaults of one native surgeon. */
export type SurgeonArguments<Name extends NativeSurgeon> = z.output<(typeof NATIVE_SURGEONS)[Name]['params']>;

/** Whether a canonical name is that of a native surgeon: narrows it for the engine's table. */
export function isNativeSurgeon(name: string): name is NativeSurgeon {
  return Object.hasOwn(NATIVE_SURGEONS, name);
}
