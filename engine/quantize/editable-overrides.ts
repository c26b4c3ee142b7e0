import type { TensorOverride, TensorOverrides } from './overrides.ts';
import type { QuantType } from './quant-type.ts';

/** What decides the type of a tensor where one node reads or writes it. Absent members stand for the default. */
export interface QuantTypeChoice {
  readonly quantType: QuantType | undefined;
  readonly symmetric?: boolean | undefined;
  readonly reduceRange?: boolean | undefined;
  readonly axis?: number | undefined;
}

/** Whether two choices agree; symmetry and range only where both have a word on it. */
export function agree(a: QuantTypeChoice, b: QuantTypeChoice): boolean {
  const matches = <T>(x: T | undefined, y: T | undefined): boolean => x === undefined || y === undefined || x === y;
  return a.quantType === b.quantType && matches(a.symmetric, b.symmetric) && matches(a.reduceRange, b.reduceRange) && a.axis === b.axis;
}

/** The choice of an override, with a type for one that names none. */
export function choiceOf(override: TensorOverride, defaultType?: QuantType): QuantTypeChoice {
  const { quantType = defaultType, symmetric, reduceRange, axis } = override;
  return { quantType, symmetric, reduceRange, axis };
}

/** The members of an override that state a choice. */
export function overrideOf({ quantType, symmetric, reduceRange, axis }: QuantTypeChoice): TensorOverride {
  return {
    ...(quantType === undefined ? {} : { quantType }),
    ...(symmetric === undefined ? {} : { symmetric }),
    ...(reduceRange === undefined ? {} : { reduceRange }),
    ...(axis === undefined ? {} : { axis }),
  };
}

/** A copy of a recipe's overrides that the QNN configuration completes. */
export class EditableOverrides {
  readonly #overrides: Map<string, readonly TensorOverride[]>;

  constructor(overrides: TensorOverrides) {
    this.#overrides = new Map(overrides);
  }

  get all(): TensorOverrides {
    return this.#overrides;
  }

  /** The first override: for channels, the one that states what all of them have in common. */
  first(tensor: string): TensorOverride | undefined {
    return this.#overrides.get(tensor)?.[0];
  }

  /** What the node that writes an activation gives it. */
  written(tensor: string, defaultType: QuantType): QuantTypeChoice {
    const { quantType, symmetric } = this.first(tensor) ?? {};
    return { quantType: quantType ?? defaultType, symmetric };
  }

  /** What the named node reads: the converted type where it is among the receivers. */
  read(tensor: string, reader: string, defaultType: QuantType | undefined): QuantTypeChoice {
    const override = this.first(tensor) ?? {};
    const { convert } = override;
    if (convert === undefined) return choiceOf(override, defaultType);
    const isReceiver = convert.receivers?.has(reader) ?? true;
    return { quantType: isReceiver ? convert.quantType : (override.quantType ?? defaultType), symmetric: convert.symmetric };
  }

  /** Adds members to every override of a tensor, or makes the first. Members that are there already are replaced. */
  add(tensor: string, members: TensorOverride): void {
    const overrides = this.#overrides.get(tensor) ?? [];
    this.#overrides.set(tensor, overrides.length === 0 ? [members] : overrides.map((override) => ({ ...override, ...members })));
  }

  /** The same, unless a member is there already. */
  addIfAbsent(tensor: string, members: TensorOverride): void {
    const taken = (this.#overrides.get(tensor) ?? []).flatMap((override) => Object.keys(override));
    if (!Object.keys(members).some((key) => taken.includes(key))) this.add(tensor, members);
  }

  /** Gives a tensor a scale, which leaves nothing to say about symmetry and range. */
  fixScale(tensor: string, members: TensorOverride): void {
    const { convert } = this.first(tensor) ?? {};
    this.#overrides.set(tensor, [{ ...members, ...(convert === undefined ? {} : { convert }) }]);
  }
}
