import { DataType } from '../graph/data-type.ts';

/** Integer types that weights and activations become. 4-bit types and float8 are not among them. */
export type QuantType = 'int8' | 'uint8' | 'int16' | 'uint16';

/** The integers that real values are spread over. */
export interface IntegerLimits {
  readonly min: number;
  readonly max: number;
}

interface QuantTypeInfo {
  readonly dataType: DataType;
  readonly isSigned: boolean;
  readonly bits: 8 | 16;
  readonly full: IntegerLimits;
  /** Of symmetric quantisation. */
  readonly symmetric: IntegerLimits;
  /** With one bit less. */
  readonly reduced: IntegerLimits;
}

const QUANT_TYPES: Readonly<Record<QuantType, QuantTypeInfo>> = {
  int8: {
    dataType: DataType.INT8,
    isSigned: true,
    bits: 8,
    full: { min: -128, max: 127 },
    symmetric: { min: -127, max: 127 },
    reduced: { min: -64, max: 64 },
  },
  uint8: {
    dataType: DataType.UINT8,
    isSigned: false,
    bits: 8,
    full: { min: 0, max: 255 },
    symmetric: { min: 0, max: 255 },
    reduced: { min: 0, max: 127 },
  },
  int16: {
    dataType: DataType.INT16,
    isSigned: true,
    bits: 16,
    full: { min: -32768, max: 32767 },
    symmetric: { min: -32767, max: 32767 },
    reduced: { min: -16384, max: 16384 },
  },
  uint16: {
    dataType: DataType.UINT16,
    isSigned: false,
    bits: 16,
    full: { min: 0, max: 65535 },
    symmetric: { min: 0, max: 65535 },
    reduced: { min: 0, max: 32767 },
  },
};

export function quantTypeInfo(type: QuantType): QuantTypeInfo {
  return QUANT_TYPES[type];
}

/** The integers to spread a range over; the reduced ones win over the symmetric ones. */
export function integerLimits(type: QuantType, { reduceRange, symmetric }: { reduceRange: boolean; symmetric: boolean }): IntegerLimits {
  const info = QUANT_TYPES[type];
  if (reduceRange) return info.reduced;
  return symmetric ? info.symmetric : info.full;
}
