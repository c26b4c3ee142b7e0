import { GroveError } from '../../../domain/errors.ts';
import { type Graph, type Node, subgraphsOf } from '../../graph/graph.ts';
import { allNodes } from '../../graph/topology.ts';
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

/** Nodes that stay in float32, each with the reason. Throws `pass-failed` for a node with a body, whose insides would have to stay as well. */
export function findBlockedNodes(graph: Graph, params: HalfSettings): ReadonlyMap<Node, string> {
  const blockedOps = new Set(params.op_block_list ?? (params.op_include_list === null ? DEFAULT_BLOCKED_OPS : []));
  const blockedNames = new Set(params.node_block_list ?? []);
  const includedOps = params.op_include_list && new Set(params.op_include_list);
  const includedNames = params.node_include_list && new Set(params.node_include_list);
  const blocked = new Map<Node, string>();
  for (const { node } of allNodes(graph)) {
    if (includedOps !== null && !includedOps.has(node.opType)) blocked.set(node, 'its type is not on op_include_list');
    else if (includedNames !== null && !includedNames.has(node.name)) blocked.set(node, 'its name is not on node_include_list');
    else if (blockedOps.has(node.opType))
      blocked.set(node, params.op_block_list === null ? 'its type is blocked by default' : 'its type is on op_block_list');
    else if (blockedNames.has(node.name)) blocked.set(node, 'its name is on node_block_list');
  }
  for (const node of blocked.keys()) {
    if (subgraphsOf(node).length === 0) continue;
    const problem = `node "${node.name}" (${node.opType}) is to stay float32 but has a body; block the operators inside it instead`;
    throw new GroveError('pass-failed', { type: params.type, problem });
  }
  return blocked;
}
