import type { Model } from '../graph/model.ts';
import { type Mark, type Plan, planQuantization } from './plan.ts';
import { adjustedRanges } from './range-sources.ts';
import { ReportBuilder } from './report.ts';
import type { QdqSettings } from './settings.ts';

/**
 * Activations whose range decides a scale, in the order of the nodes: these calibration has to observe, and no others. Tensors that share the scale of
 * another, have a fixed one or take over the range of another are not among them. As in `quantizeModel`, types must be known.
 */
export function calibrationTensors(model: Model, settings: QdqSettings): readonly string[] {
  const { graph } = model;
  const plan = planQuantization(model, { settings, hasRange: () => true }, new ReportBuilder());
  const sources = adjustedRanges(graph, settings);
  const biasInputs = new Set([...plan.biases.values()].map(({ input }) => input));
  const observed = new Set<string>();
  for (const [tensor, mark] of plan.marks) {
    if (graph.initializers.has(tensor) || plan.dequantized.has(tensor) || hasGivenScales(tensor, settings)) continue;
    // The guard against overflow of biases looks at the input's own range.
    const isNeeded =
      mark.sharedWith === undefined || biasInputs.has(tensor) || isConverted(tensor, settings) || hasChannels(mark, plan, settings);
    const source = sources.get(tensor) ?? { observed: tensor };
    if (isNeeded && 'observed' in source) observed.add(source.observed);
  }
  return [...observed];
}

function isConverted(tensor: string, settings: QdqSettings): boolean {
  return settings.overrides.get(tensor)?.[0]?.convert !== undefined;
}

function hasGivenScales(tensor: string, settings: QdqSettings): boolean {
  const { scale, convert } = settings.overrides.get(tensor)?.[0] ?? {};
  return scale !== undefined && (convert === undefined || convert.scale !== undefined);
}

/** Whether the scales to share are those of channels, which cannot be shared. */
function hasChannels({ sharedWith }: Mark, { marks }: Plan, settings: QdqSettings): boolean {
  if (sharedWith === undefined) return false;
  return marks.get(sharedWith.tensor)?.axis !== undefined || settings.overrides.get(sharedWith.tensor)?.[0]?.axis !== undefined;
}
