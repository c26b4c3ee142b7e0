import type { SurgeonArguments } from '../../../domain/passes/native-surgeons.ts';
import { readTensor, tensorAttribute } from '../../graph/attribute.ts';
import { DataType } from '../../graph/data-type.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { float32Tensor, float32Values, type Tensor, toFloat32 } from '../../graph/tensor.ts';
import type { Surgery } from './surgery.ts';

type Params = SurgeonArguments<'ReplaceAttentionMaskValue'>;

/** A constant is touched only when every reader is one of these: elsewhere a huge negative number may mean something else. */
const READERS: ReadonlySet<string> = new Set(['Add', 'Mul', 'Expand', 'Where', 'Shape']);

/** Most elements of a half-precision constant that are looked at to explain why nothing matched. */
const MAX_EXPLAINED = 65_536;

/**
 * Replaces float32 constants below `threshold` (negative infinity included) by `replacement`, so that quantisation ranges and float16 are not ruled
 * by the mask's "minus infinity". Looks at Constant and ConstantOfShape nodes and initialisers of the main graph; a constant nobody reads counts too.
 */
export const replaceAttentionMaskValue: Surgery<Params> = {
  operate({ graph }, params) {
    let changes = 0;
    for (const node of constantNodes(graph)) {
      const tensor = readTensor(node, 'value');
      const replaced = tensor && isMask(graph, node.outputs[0] ?? '') ? replaceBelow(tensor, params) : undefined;
      if (replaced === undefined) continue;
      node.attributes.set('value', tensorAttribute(replaced));
      changes++;
    }
    for (const [name, tensor] of [...graph.initializers]) {
      const replaced = isMask(graph, name) ? replaceBelow(tensor, params) : undefined;
      if (replaced === undefined) continue;
      graph.setInitializer(name, replaced);
      changes++;
    }
    return changes > 0 ? { changes } : { changes, ...explain(graph) };
  },
};

function constantNodes(graph: Graph): readonly Node[] {
  return [...graph.nodes].filter(({ opType }) => opType === 'Constant' || opType === 'ConstantOfShape');
}

function isMask(graph: Graph, value: string): boolean {
  return graph.consumers(value).every(({ opType }) => READERS.has(opType));
}

/** Undefined when no element is below the threshold. */
function replaceBelow(tensor: Tensor, { threshold, replacement }: Params): Tensor | undefined {
  if (tensor.dataType !== DataType.FLOAT) return undefined;
  const values = float32Values(tensor);
  if (!values.some((value) => value < threshold)) return undefined;
  return {
    ...float32Tensor(
      tensor.dims,
      values.map((value) => (value < threshold ? replacement : value)),
    ),
    ...(tensor.extras ? { extras: tensor.extras } : {}),
  };
}

/** The usual reason in the field: the mask has become float16 before the surgery looked for it. */
function explain(graph: Graph): { readonly whyNothing?: string } {
  const tensors = constantNodes(graph).map((node) => ({ value: node.outputs[0] ?? '', tensor: readTensor(node, 'value') }));
  const masks = tensors.filter(
    ({ value, tensor }) => tensor?.dataType === DataType.FLOAT16 && isMask(graph, value) && tensor.bytes.length <= MAX_EXPLAINED,
  );
  const values = masks.flatMap(({ tensor }) => (tensor ? [...toFloat32(tensor)] : []));
  const lowest = values.reduce((least, value) => Math.min(least, value), 0);
  return lowest < -1000 ? { whyNothing: `the mask is float16 by now (${lowest}), and only float32 constants are looked at` } : {};
}
