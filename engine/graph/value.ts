import type { DataType } from './data-type.ts';

/** One dimension: a size, a symbolic name (equal names are equal sizes), or null when nothing is known. */
export type Dim = number | string | null;

/** A tensor-typed value. `dims` undefined: the rank is unknown; an empty list: a scalar. */
export interface TensorType {
  readonly kind: 'tensor';
  readonly dataType: DataType;
  readonly dims: readonly Dim[] | undefined;
  /** Meaning labels of the type and its dimensions (`DATA_BATCH`), where a model has them. */
  readonly denotation?: string;
  readonly dimDenotations?: readonly string[];
}

/** A sequence, map, optional, sparse or opaque type, kept as its encoded TypeProto: no pass looks inside. */
export interface OtherType {
  readonly kind: 'other';
  readonly encoded: Uint8Array;
}

export type ValueType = TensorType | OtherType;

/** Wire fields this version does not know, by wire tag, each with the raw field content: they survive a round trip. */
export type UnknownFields = Readonly<Record<number, readonly Uint8Array[]>>;

/** Rarely used members that survive a round trip and that no pass reads. */
export interface Extras {
  readonly docString?: string;
  readonly metadata?: ReadonlyMap<string, string>;
  readonly unknown?: UnknownFields;
}

/** A named value of a graph with what is known of its type. */
export interface ValueInfo {
  readonly name: string;
  /** Replaced, never edited, when a pass learns more. */
  type: ValueType | undefined;
  readonly extras?: Extras;
}

/** A tensor type in one call. */
export function tensorType(dataType: DataType, dims: readonly Dim[] | undefined): TensorType {
  return { kind: 'tensor', dataType, dims };
}
