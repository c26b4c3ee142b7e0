import type { Graph } from '../graph/graph.ts';
import { FLOAT32, type FloatKind, floatKindOf } from './float-kind.ts';
import type { QuantOverride } from './overrides.ts';
import type { TensorRange } from './range.ts';
import type { RangeSource } from './range-sources.ts';
import type { SkipReason } from './report.ts';
import type { QdqSettings } from './settings.ts';
import { activationScales, type TensorScales } from './tensor-scales.ts';

/** Scales of activations, from what calibration saw, the rules that replace it and the overrides. */
export class ActivationScaler {
  readonly #graph: Graph;
  readonly #settings: QdqSettings;
  readonly #ranges: Ranges;

  constructor(graph: Graph, settings: QdqSettings, ranges: Ranges) {
    this.#graph = graph;
    this.#settings = settings;
    this.#ranges = ranges;
  }

  /** Scales of a tensor's own range, also when it will have those of another; or why there are none. */
  own(tensor: string): TensorScales | SkipReason {
    return this.#scales(tensor, this.#settings.overrides.get(tensor)?.[0] ?? {});
  }

  /** Scales that the receivers of a converted tensor get; undefined when it is not converted. */
  converted(tensor: string): TensorScales | SkipReason | undefined {
    const convert = this.#settings.overrides.get(tensor)?.[0]?.convert;
    return convert && this.#scales(tensor, convert);
  }

  #scales(tensor: string, override: QuantOverride): TensorScales | SkipReason {
    const range = this.#rangeOf(tensor);
    if (range === undefined && override.scale === undefined) return 'no-range';
    return activationScales(range ?? { min: 0, max: 0 }, override, { settings: this.#settings, kind: kindOf(this.#graph, tensor) });
  }

  #rangeOf(tensor: string): TensorRange | undefined {
    const { observed, sources } = this.#ranges;
    const source = sources.get(tensor) ?? { observed: tensor };
    return 'fixed' in source ? source.fixed : (observed.get(source.observed) ?? observed.get(tensor));
  }
}

/** What calibration saw, and where a range comes from instead. */
export interface Ranges {
  readonly observed: ReadonlyMap<string, TensorRange>;
  readonly sources: ReadonlyMap<string, RangeSource>;
}

function kindOf(graph: Graph, tensor: string): FloatKind {
  const type = graph.typeOf(tensor);
  return (type?.kind === 'tensor' && floatKindOf(type.dataType)) || FLOAT32;
}
