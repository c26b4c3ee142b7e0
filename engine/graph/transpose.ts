import { bitsPerElement } from './data-type.ts';
import { allocateBytes, type Tensor } from './tensor.ts';

/** Two tiles of 64 x 64 floats (16 KiB each) share the first-level cache; measured fastest of 16, 32 and 64. */
const TILE = 64;

interface Matrix<Element> {
  [index: number]: Element;
}

/** Row-major [rows, columns] to row-major [columns, rows], tile by tile: a plain loop misses the cache on every other access. */
function transposeInto<Element>(target: Matrix<Element>, source: Matrix<Element>, [rows, columns]: readonly [number, number]): void {
  for (let row = 0; row < rows; row += TILE) {
    const height = Math.min(TILE, rows - row);
    for (let column = 0; column < columns; column += TILE) {
      const columnEnd = Math.min(column + TILE, columns);
      for (let at = column; at < columnEnd; at++) {
        let from = row * columns + at;
        const start = at * rows + row;
        for (let to = start; to < start + height; to++, from += columns) target[to] = source[from]!;
      }
    }
  }
}

/** A row-major [rows, columns] matrix of floats as [columns, rows], in `target` when there is one: of the same length, and another array. */
export function transpose(
  source: Float32Array,
  dims: readonly [number, number],
  target: Float32Array = new Float32Array(allocateBytes(source.length * 4).buffer),
): Float32Array {
  transposeInto(target, source, dims);
  return target;
}

/** A tensor of two dimensions with its axes swapped, bit by bit; undefined for another rank and for elements that are no whole 1, 2, 4 or 8 bytes. */
export function transposeTensor(tensor: Tensor): Tensor | undefined {
  const [rows, columns, ...more] = tensor.dims;
  const bits = bitsPerElement(tensor.dataType) ?? 0;
  if (rows === undefined || columns === undefined || more.length > 0) return undefined;
  const bytes = allocateBytes(tensor.bytes.length);
  const target = elementsOf(bytes, bits);
  const source = elementsOf(tensor.bytes.byteOffset % 8 === 0 ? tensor.bytes : new Uint8Array(tensor.bytes), bits);
  if (target === undefined || source === undefined) return undefined;
  transposeInto(target, source, [rows, columns]);
  return { dataType: tensor.dataType, dims: [columns, rows], bytes };
}

function elementsOf({ buffer, byteOffset, length }: Uint8Array, bits: number): Matrix<number | bigint> | undefined {
  if (bits === 8) return new Uint8Array(buffer, byteOffset, length);
  if (bits === 16) return new Uint16Array(buffer, byteOffset, length / 2);
  if (bits === 32) return new Uint32Array(buffer, byteOffset, length / 4);
  return bits === 64 ? new BigUint64Array(buffer, byteOffset, length / 8) : undefined;
}
