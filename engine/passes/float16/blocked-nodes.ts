import { type Graph, type Node, subgraphsOf } from '../../graph/graph.ts';
import { type Model, onnxOpset } from '../../graph/model.ts';
import { isOnnxDomain } from '../../graph/node.ts';
import { allGraphs, allNodes } from '../../graph/topology.ts';
import type { HalfSettings } from './half-settings.ts';

/** Operators without float16 kernels, or whose results need float32, as ONNX Runtime's converter lists them. */
const DEFAULT_BLOCKED_OPS: readonly string[] = [
  'ArrayFeatureExtractor',
  'Binarizer',
  'CastMap',
  'CategoryMapper',
  'CumSum',
  'DictVectorizer',
  'FeatureVectorizer',
  'Imputer',
  'LabelEncoder',
  'LinearClassifier',
  'LinearRegressor',
  'Max',
  'Min',
  'NonMaxSuppression',
  'Normalizer',
  'OneHotEncoder',
  'RandomUniformLike',
  'Range',
  'RoiAlign',
  'SVMClassifier',
  'SVMRegressor',
  'Scaler',
  'TopK',
  'TreeEnsemble',
  'TreeEnsembleClassifier',
  'TreeEnsembleRegressor',
  'Upsample',
  'ZipMap',
];

/** Standard operators that take float32 and no float16 before an operator set, or in none so far; from the schemas of onnx 1.21. */
const FIRST_HALF_OPSETS: ReadonlyMap<string, number> = new Map([
  ['Celu', Number.POSITIVE_INFINITY],
  ['CumSum', 14],
  ['DequantizeLinear', 19],
  ['DynamicQuantizeLinear', Number.POSITIVE_INFINITY],
  ['IsInf', 20],
  ['NonMaxSuppression', Number.POSITIVE_INFINITY],
  ['QLinearConv', Number.POSITIVE_INFINITY],
  ['QLinearMatMul', 21],
  ['QuantizeLinear', 19],
  ['Range', Number.POSITIVE_INFINITY],
  ['TfIdfVectorizer', Number.POSITIVE_INFINITY],
]);

/** Inputs that an operator takes in float32 only, whatever its other inputs are. */
const FLOAT32_INPUTS: ReadonlyMap<string, readonly number[]> = new Map([
  ['Resize', [2]],
  ['GroupNorm', [1, 2]],
  ['SkipGroupNorm', [1, 2]],
]);

/** Up to this operator set Resize takes its scales as input 1; the region of interest came before them later. */
const LAST_OPSET_OF_OLD_RESIZE = 10;

/** Inputs, by operator, that the recipe wants in float16 in spite of the table above. */
type ForcedInputs = HalfSettings['force_fp16_inputs'];

/** Positions at which `node` takes float32 although it computes in float16. */
export function float32InputsOf(node: Node, opset: number, forced: ForcedInputs): readonly number[] {
  const isOld = node.opType === 'Resize' && opset <= LAST_OPSET_OF_OLD_RESIZE;
  const inputs = isOld ? [1] : (FLOAT32_INPUTS.get(node.opType) ?? []);
  return inputs.filter((input) => !forcedOf(node, forced).includes(input));
}

/** Whether an operator takes some of its inputs in float32 and nothing of it is forced; its attributes then keep their type too. */
export function mixesTypes(node: Node, forced: ForcedInputs): boolean {
  return FLOAT32_INPUTS.has(node.opType) && !Object.hasOwn(forced, node.opType);
}

function forcedOf({ opType }: Node, forced: ForcedInputs): readonly number[] {
  return Object.hasOwn(forced, opType) ? (forced[opType] ?? []) : [];
}

/**
 * Nodes that stay in float32, each with the reason: what the settings ask for, operators that have no float16 form in this operator set, and calls of the
 * model's own functions, whose bodies are not looked into.
 */
export function findBlockedNodes(model: Model, settings: HalfSettings): ReadonlyMap<Node, string> {
  const rule = blockingRules(settings);
  const opset = onnxOpset(model);
  const own = new Set(model.functions.map(({ domain, name }) => `${domain}:${name}`));
  const call = ({ domain, opType }: Node): string | undefined =>
    own.has(`${domain}:${opType}`) ? "it calls a function of the model's own" : undefined;
  const reasonOf = (node: Node): string | undefined => rule(node) ?? call(node) ?? missingForm(node, opset);
  const blocked = new Map<Node, string>();
  for (const { node } of allNodes(model.graph)) {
    const reason = reasonOf(node);
    if (reason !== undefined) blocked.set(node, reason);
  }
  return blocked;
}

function missingForm({ opType, domain }: Node, opset: number): string | undefined {
  const first = isOnnxDomain(domain) ? FIRST_HALF_OPSETS.get(opType) : undefined;
  return first !== undefined && opset < first ? `operator set ${opset} has no float16 form of it` : undefined;
}

/** To Olive an empty list of what to include is as good as none. */
function blockingRules(settings: HalfSettings): (node: Node) => string | undefined {
  const includedOps = settings.op_include_list?.length ? new Set(settings.op_include_list) : undefined;
  const includedNames = settings.node_include_list?.length ? new Set(settings.node_include_list) : undefined;
  const blockedOps = new Set(settings.op_block_list ?? (includedOps === undefined ? DEFAULT_BLOCKED_OPS : []));
  const blockedNames = new Set(settings.node_block_list ?? []);
  const blockedOpReason = settings.op_block_list === null ? 'its type is blocked by default' : 'its type is on op_block_list';
  return ({ opType, name }) => {
    if (includedOps !== undefined && !includedOps.has(opType)) return 'its type is not on op_include_list';
    if (includedNames !== undefined && !includedNames.has(name)) return 'its name is not on node_include_list';
    if (blockedOps.has(opType)) return blockedOpReason;
    return blockedNames.has(name) ? 'its name is on node_block_list' : undefined;
  };
}

/** Bodies of nodes that stay in float32, and the bodies inside them: nothing in them changes. */
export function findFrozenBodies(blocked: ReadonlyMap<Node, string>): ReadonlySet<Graph> {
  return new Set([...blocked.keys()].flatMap(subgraphsOf).flatMap((body) => [...allGraphs(body)]));
}
