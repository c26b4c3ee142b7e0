import type { Graph, Node } from '../graph/graph.ts';
import type { Model } from '../graph/model.ts';
import { commonSettings, opTypesOf, type QuantizationRequest } from './build-settings.ts';
import { EditableOverrides } from './editable-overrides.ts';
import { fixMixedPrecision } from './mixed-precision.ts';
import { type QuantType, quantTypeInfo } from './quant-type.ts';
import type { QdqSettings } from './settings.ts';

/** QNN refuses narrower ranges. */
const MIN_REAL_RANGE = 1e-4;

/**
 * Olive's `prepare_qdq_config` for QNN: the whole model in integers, with overrides for what QNN wants otherwise. Given overrides that change the type
 * of an activation spread to the operators around it, with conversions at the borders. `minRealRange` is QNN's own.
 */
export function qnnSettings(model: Model, request: QuantizationRequest): QdqSettings {
  const { graph } = model;
  const common = commonSettings(request);
  const overrides = new EditableOverrides(common.overrides);
  if (overrides.all.size > 0) fixMixedPrecision(graph, overrides, common);
  const weightSymmetric = common.weightSymmetric ?? quantTypeInfo(common.weightType).isSigned;
  const opTypes = opTypesOf(graph, request, ['Cast']);
  const qnn = { graph, overrides, settings: { ...common, opTypes, weightSymmetric } };
  for (const node of graph.nodes) {
    if (opTypes.has(node.opType) && !common.excludedOpTypes.has(node.opType) && !common.excludedNodes.has(node.name))
      overrideForQnn(node, qnn);
  }
  return { ...qnn.settings, minRealRange: MIN_REAL_RANGE, overrides: overrides.all };
}

interface Qnn {
  readonly graph: Graph;
  readonly overrides: EditableOverrides;
  readonly settings: Omit<QdqSettings, 'weightSymmetric'> & { readonly weightSymmetric: boolean };
}

function overrideForQnn(node: Node, qnn: Qnn): void {
  const { perChannel } = qnn.settings;
  const [output = ''] = node.outputs;
  if (node.opType === 'MatMul' && perChannel) keepWhole(node, qnn);
  else if (node.opType === 'MatMul' || (node.opType === 'LayerNormalization' && !perChannel)) giveWeightType(node, qnn);
  else if (node.opType === 'Sigmoid') fixScale(output, SIGMOID, qnn);
  else if (node.opType === 'Tanh') fixScale(output, TANH, qnn);
}

/** QNN knows no channels of MatMul. */
function keepWhole(node: Node, { graph, overrides, settings }: Qnn): void {
  for (const input of node.inputs) {
    if (graph.initializers.has(input) && !overrides.all.has(input)) {
      overrides.add(input, { quantType: settings.weightType, symmetric: settings.weightSymmetric });
    }
  }
}

/** An 8-bit constant beside a 16-bit activation keeps the weight type, also where another operator sees an activation in it. */
function giveWeightType(node: Node, { graph, overrides, settings }: Qnn): void {
  const { weightType: quantType, weightSymmetric: symmetric, activationType } = settings;
  if (quantTypeInfo(quantType).bits !== 8) return;
  const operands = node.inputs.slice(0, 2).filter((input) => input !== '');
  const isWeight = (input: string): boolean => graph.initializers.has(input);
  const read = (input: string) => overrides.read(input, node.name, isWeight(input) ? undefined : activationType);
  if (operands.some((input) => read(input).axis !== undefined)) return;
  const hasWideActivation = operands.some(
    (input) => !isWeight(input) && quantTypeInfo(read(input).quantType ?? activationType).bits === 16,
  );
  // With two constants the last counts.
  const weight = operands.filter(isWeight).at(-1);
  if (hasWideActivation && weight !== undefined) overrides.addIfAbsent(weight, { quantType, symmetric });
}

type FixedScales = Readonly<Partial<Record<QuantType, { readonly scale: number; readonly zeroPoint: number }>>>;

const SIGMOID: FixedScales = { uint16: { scale: 1 / 65536, zeroPoint: 0 }, int16: { scale: 1 / 32768, zeroPoint: 0 } };
const TANH: FixedScales = { uint16: { scale: 1 / 32768, zeroPoint: 32768 }, int16: { scale: 1 / 32768, zeroPoint: 0 } };

/** QNN computes these with one scale only. Overrides of the range have no effect beside it. */
function fixScale(output: string, scales: FixedScales, { overrides, settings }: Qnn): void {
  const { quantType = settings.activationType } = overrides.written(output, settings.activationType);
  const fixed = scales[quantType];
  if (fixed) overrides.fixScale(output, { quantType, ...fixed });
}
