import type { Model } from '../../graph/model.ts';
import { removeUnused } from '../../graph/topology.ts';
import { removeUselessCasts } from '../float16/casts.ts';
import { fuseAttention } from './attention.ts';
import { AttentionMasks } from './attention-mask.ts';
import { approximateGelu, fuseBiasFastGelu, fuseBiasGelu } from './bias-gelu.ts';
import { fuseBiasSkipLayerNorm } from './bias-skip-layer-norm.ts';
import { removeIdentities, removeUselessReshapes } from './clean.ts';
import { foldTranspositions } from './constant-fold.ts';
import { fuseEmbedLayerNorm } from './embed-layer-norm.ts';
import { fastGelu } from './fast-gelu.ts';
import { fuseActivation } from './fuse-activation.ts';
import { gelu } from './gelu.ts';
import { fuseGemmFastGelu } from './gemm-fast-gelu.ts';
import { fuseLayerNorm, fuseSimplifiedLayerNorm } from './layer-norm.ts';
import type { FusionOptions } from './options.ts';
import { quickGelu } from './quick-gelu.ts';
import { fuseReshapes } from './reshape.ts';
import { Scene } from './scene.ts';
import { fuseShapes } from './shape.ts';
import type { Shapes } from './shapes.ts';
import { fuseSkipLayerNorm } from './skip-layer-norm.ts';

/** What the fusions of one model need to know. */
export interface FusionRequest {
  readonly options: FusionOptions;
  readonly shapes: Shapes;
  /** For graphs that do not tell themselves; 0 when not known. */
  readonly numHeads: number;
  readonly hiddenSize: number;
}

/** How often each step changed something, by the operator that it makes or by what it takes out; steps that changed nothing are missing. */
export type FusionCounts = Readonly<Record<string, number>>;

/** Fuses the main graph, in the order of ONNX Runtime's tool: later steps build on what earlier ones made. Bodies of nodes stay as they are. */
export function fuseModel(model: Model, request: FusionRequest): FusionCounts {
  const counts: Record<string, number> = {};
  const scene = new Scene(model, request.shapes);
  for (const [name, step] of stepsOf(scene, request)) {
    const count = step(scene);
    if (count > 0) counts[name] = (counts[name] ?? 0) + count;
  }
  return counts;
}

/** Inputs that nothing reads go, as in ONNX Runtime's tool. */
function removeUnusedInputs({ graph }: Scene): number {
  const isUsed = (name: string): boolean => graph.useCount(name) > 0 || graph.isOutput(name) || graph.initializers.has(name);
  const before = graph.inputs.length;
  graph.inputs.splice(0, before, ...graph.inputs.filter(({ name }) => isUsed(name)));
  return before - graph.inputs.length;
}

/** With shape inference switched off only what the model itself records counts, as in ONNX Runtime's tool. */
function removeCasts({ graph, shapes }: Scene, { shapeInference }: FusionOptions): number {
  return removeUselessCasts(graph, (value, home) => {
    if (home !== graph) return undefined;
    const recorded = graph.typeOf(value);
    const known = recorded?.kind === 'tensor' ? recorded.dataType : undefined;
    return shapeInference ? (shapes.dataTypeOf(value) ?? known) : known;
  });
}

type Step = readonly [name: string, run: (scene: Scene) => number];

const PRUNE: Step = ['unusedRemoved', ({ graph }) => removeUnused(graph).nodes];

function stepsOf(scene: Scene, { options, numHeads, hiddenSize }: FusionRequest): readonly Step[] {
  const masks = new AttentionMasks(scene, options.maskFormat);
  const separate = options.multiHeadAttention;
  const attention = { separate, masks, numHeads, hiddenSize };
  return [
    ['identitiesRemoved', removeIdentities],
    ['castsRemoved', (at) => removeCasts(at, options)],
    ['transpositionsFolded', foldTranspositions],
    ...when(options.layerNorm, ['LayerNormalization', fuseLayerNorm], ['SimplifiedLayerNormalization', fuseSimplifiedLayerNorm]),
    ...when(options.gelu, ...[gelu, fastGelu, quickGelu].map((kind): Step => [kind.opType, (at) => fuseActivation(at, kind)])),
    ['reshapesMerged', fuseReshapes],
    ...when(
      options.skipLayerNorm,
      ['SkipLayerNormalization', (at) => fuseSkipLayerNorm(at, 'LayerNormalization')],
      ['SkipSimplifiedLayerNormalization', (at) => fuseSkipLayerNorm(at, 'SimplifiedLayerNormalization')],
    ),
    ...when(
      options.attention,
      [separate ? 'MultiHeadAttention' : 'Attention', (at) => fuseAttention(at, attention)],
      ['masksAsLengths', () => masks.lengths],
      ['masksDropped', () => masks.dropped],
      PRUNE,
    ),
    ['shapesMerged', fuseShapes],
    PRUNE,
    ...when(options.embedLayerNorm, ['EmbedLayerNormalization', (at) => fuseEmbedLayerNorm(at, options.embedsMask ? masks : undefined)]),
    ...when(options.shapeInference, ['reshapesRemoved', removeUselessReshapes]),
    PRUNE,
    // Only now, when no Reshape is left between a bias and what takes it.
    ...when(options.biasGelu, ['FastGelu', fuseBiasFastGelu], ['BiasGelu', fuseBiasGelu]),
    ...when(options.biasSkipLayerNorm, ['biasesSkipped', fuseBiasSkipLayerNorm]),
    ...when(options.geluApproximation, ['geluApproximated', approximateGelu]),
    ...when(options.gemmFastGelu, ['GemmFastGelu', fuseGemmFastGelu]),
    PRUNE,
    ['inputsRemoved', removeUnusedInputs],
  ];
}

function when(isOn: boolean, ...steps: readonly Step[]): readonly Step[] {
  return isOn ? steps : [];
}
