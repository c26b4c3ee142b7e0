import type { Matrix } from '../../../domain/matrix.ts';
import { sha256 } from '../../../platform/sha256.ts';

/** The matrix as JSON. */
export interface MatrixJson {
  readonly bytes: Uint8Array;
  /** Weak: two answers of one minute have the same one when they differ in when they were made only. Readers tell ages from that. */
  readonly etag: string;
}

interface RowJson {
  /** Begins with a comma. */
  readonly bytes: Buffer;
  readonly digest: string;
}

const MINUTE_MS = 60_000;

/** Rows of cells and what describes rows and columns never change: each is written once. */
const cellRows = new WeakMap<Matrix['cells'][number], RowJson>();
const descriptions = new WeakMap<object, string>();

/** Of a matrix that was written before only what is new costs anything. */
export function renderJson({ rows, columns, cells, generatedAt, ...rest }: Matrix): MatrixJson {
  const places = `"rows":[${rows.map(describe).join(',')}],"columns":[${columns.map(describe).join(',')}]`;
  const written = cells.map(writeRow);
  const head = JSON.stringify({ generatedAt, ...rest }).slice(0, -1);
  const body = written.map(({ bytes }, index) => (index === 0 ? bytes.subarray(1) : bytes));
  return {
    bytes: Buffer.concat([Buffer.from(`${head},${places},"cells":[`), ...body, Buffer.from(']}')]),
    etag: `W/"${sha256([Math.floor(generatedAt / MINUTE_MS), JSON.stringify(rest), places, ...written.map(({ digest }) => digest)].join('\n')).slice(0, 32)}"`,
  };
}

function writeRow(row: Matrix['cells'][number]): RowJson {
  const known = cellRows.get(row);
  if (known !== undefined) return known;
  const bytes = Buffer.from(`,${JSON.stringify(row)}`);
  const written = { bytes, digest: sha256(bytes) };
  cellRows.set(row, written);
  return written;
}

function describe(place: object): string {
  const known = descriptions.get(place) ?? JSON.stringify(place);
  descriptions.set(place, known);
  return known;
}
