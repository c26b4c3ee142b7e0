import type { Node } from '../graph/graph.ts';
import { fixedInitializer, type Model } from '../graph/model.ts';
import type { ActivationScaler } from './activation-scaler.ts';
import { scalesAgainstOverflow, scalesForBias } from './bias.ts';
import type { Mark, Plan } from './plan.ts';
import type { ReportBuilder, SkipReason } from './report.ts';
import type { QdqSettings } from './settings.ts';
import { constantScales, type TensorScales } from './tensor-scales.ts';

/** Scales that some readers of an activation get in place of the others'. */
export interface Conversion {
  readonly scales: TensorScales;
  /** Names of those readers; undefined: all. */
  readonly receivers: ReadonlySet<string> | undefined;
}

/** A tensor that will be quantised, with all that the rewrite needs to know. */
export type ResolvedTensor =
  | { readonly kind: 'constant'; readonly scales: TensorScales }
  | { readonly kind: 'activation'; readonly scales: TensorScales; readonly conversion: Conversion | undefined }
  | { readonly kind: 'shared'; readonly sharedWith: NonNullable<Mark['sharedWith']>; readonly conversion: Conversion | undefined };

/** What turns marks into scales. */
export interface ResolveInputs {
  readonly model: Model;
  readonly settings: QdqSettings;
  readonly scaler: ActivationScaler;
  readonly report: ReportBuilder;
}

/**
 * Finds the scales of everything a plan marked. What cannot be quantised after all (no range, values that are not finite, a provider of parameters
 * that is not quantised itself) is left out and reported. Tensors come after those whose parameters they share.
 */
export function resolveScales(plan: Plan, inputs: ResolveInputs): Map<string, ResolvedTensor> {
  const resolver = new Resolver(plan, inputs);
  resolver.resolveOwn();
  resolver.resolveShared();
  if (inputs.settings.adjustWeightForInt32Bias) {
    resolver.guardBiases();
    resolver.preventOverflow();
  }
  return resolver.resolved;
}

class Resolver {
  readonly resolved = new Map<string, ResolvedTensor>();
  readonly #plan: Plan;
  readonly #inputs: ResolveInputs;

  constructor(plan: Plan, inputs: ResolveInputs) {
    this.#plan = plan;
    this.#inputs = inputs;
  }

  resolveOwn(): void {
    for (const [tensor, mark] of this.#plan.marks) if (mark.sharedWith === undefined) this.#settle(tensor, this.#own(tensor, mark));
  }

  /** Walks from what is resolved to what shares its parameters, and on to what shares those. */
  resolveShared(): void {
    const sharers = new Map<string, string[]>();
    for (const [tensor, { sharedWith }] of this.#plan.marks) {
      if (sharedWith) sharers.set(sharedWith.tensor, sharers.get(sharedWith.tensor) ?? []);
      if (sharedWith) sharers.get(sharedWith.tensor)?.push(tensor);
    }
    // A map also visits what is added while it is walked.
    for (const [provider, resolved] of this.resolved) {
      // The channels of a weight mean nothing to what is gathered from it.
      const isPerChannel = resolved.kind === 'constant' && resolved.scales.axis !== undefined;
      for (const tensor of sharers.get(provider) ?? []) {
        this.#settle(tensor, isPerChannel ? this.#activation(tensor) : this.#shared(tensor));
      }
    }
    for (const [tensor, { sharedWith }] of this.#plan.marks) {
      if (sharedWith && !this.resolved.has(tensor)) this.#inputs.report.skip(tensor, 'provider-not-quantized');
    }
  }

  /** onnxruntime's guard, in the order of the biases: one weight may have several. */
  guardBiases(): void {
    for (const { original, input, weight, node } of this.#plan.biases.values()) {
      const bias = this.#inputs.model.graph.initializers.get(original);
      const resolved = this.resolved.get(weight);
      if (!bias || resolved?.kind !== 'constant' || !this.#plan.marks.has(input)) continue;
      const inputScale = this.#scaleAt(input, node.name);
      if (inputScale === undefined) continue;
      const scales = scalesForBias(resolved.scales, bias, inputScale);
      if (scales !== resolved.scales) this.resolved.set(weight, { kind: 'constant', scales });
    }
  }

  /** What that guard leaves open: weights that are not symmetric or not signed, and inputs whose scale is another's. */
  preventOverflow(): void {
    for (const { original, input, weight, node, factor } of this.#plan.biases.values()) {
      const bias = this.#inputs.model.graph.initializers.get(original);
      const resolved = this.resolved.get(weight);
      const inputScale = this.#actualScale(input, node);
      if (!bias || resolved?.kind !== 'constant' || inputScale === undefined) continue;
      const scales = scalesAgainstOverflow(resolved.scales, bias, { inputScale, factor: factor?.value ?? 1 });
      if (scales !== resolved.scales) this.resolved.set(weight, { kind: 'constant', scales });
    }
  }

  /** The scale that a node will read the tensor with. */
  #actualScale(tensor: string, reader: Node): number | undefined {
    let at = { tensor, reader };
    for (let resolved = this.resolved.get(tensor); resolved; resolved = this.resolved.get(at.tensor)) {
      const { conversion } = resolved.kind === 'constant' ? { conversion: undefined } : resolved;
      if (conversion && (conversion.receivers?.has(at.reader.name) ?? true)) return conversion.scales.scales[0];
      if (resolved.kind !== 'shared') return resolved.scales.scales[0];
      at = resolved.sharedWith;
    }
    return undefined;
  }

  /** The scale of the tensor's own range as one node reads it, also where it shares another's: as in onnxruntime. */
  #scaleAt(tensor: string, reader: string): number | undefined {
    const receivers = this.#inputs.settings.overrides.get(tensor)?.[0]?.convert?.receivers;
    const converted = this.#inputs.scaler.converted(tensor);
    const scales = converted !== undefined && (receivers?.has(reader) ?? true) ? converted : this.#inputs.scaler.own(tensor);
    return typeof scales === 'string' ? undefined : scales.scales[0];
  }

  #settle(tensor: string, resolved: ResolvedTensor | SkipReason): void {
    if (typeof resolved === 'string') this.#inputs.report.skip(tensor, resolved);
    else this.resolved.set(tensor, resolved);
  }

  #own(tensor: string, mark: Mark): ResolvedTensor | SkipReason {
    const { model, settings } = this.#inputs;
    if (!model.graph.initializers.has(tensor)) return this.#activation(tensor);
    const constant = fixedInitializer(model, tensor);
    if (!constant) return 'replaceable';
    const scales = constantScales(constant, mark, { settings, overrides: settings.overrides.get(tensor) ?? [] });
    return typeof scales === 'string' ? scales : { kind: 'constant', scales };
  }

  #activation(tensor: string): ResolvedTensor | SkipReason {
    if (this.#plan.dequantized.has(tensor)) return 'already-dequantized';
    const scales = this.#inputs.scaler.own(tensor);
    if (typeof scales === 'string') return scales;
    const conversion = this.#conversion(tensor);
    return typeof conversion === 'string' ? conversion : { kind: 'activation', scales, conversion };
  }

  #shared(tensor: string): ResolvedTensor | SkipReason {
    if (this.#plan.dequantized.has(tensor)) return 'already-dequantized';
    const sharedWith = this.#plan.marks.get(tensor)?.sharedWith;
    const conversion = this.#conversion(tensor);
    if (sharedWith === undefined) return 'provider-not-quantized';
    return typeof conversion === 'string' ? conversion : { kind: 'shared', sharedWith, conversion };
  }

  #conversion(tensor: string): Conversion | SkipReason | undefined {
    const scales = this.#inputs.scaler.converted(tensor);
    if (scales === undefined || typeof scales === 'string') return scales;
    return { scales, receivers: this.#inputs.settings.overrides.get(tensor)?.[0]?.convert?.receivers };
  }
}
