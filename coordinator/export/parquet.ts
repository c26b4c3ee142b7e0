import { type BasicType, type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import type { Matrix } from '../../domain/matrix.ts';
import { type MatrixRecord, matrixRecords } from '../../domain/matrix-records.ts';

/** Columns that hold numbers or times; all others hold text. */
const TYPES: Readonly<Record<string, BasicType>> = {
  p50Ms: 'DOUBLE',
  p50LowMs: 'DOUBLE',
  p50HighMs: 'DOUBLE',
  throughputPerSecond: 'DOUBLE',
  launches: 'INT32',
  samplesPerLaunch: 'INT32',
  epTimeShare: 'DOUBLE',
  cosineMean: 'DOUBLE',
  ratio: 'DOUBLE',
  ratioLow: 'DOUBLE',
  ratioHigh: 'DOUBLE',
  pValue: 'DOUBLE',
  measuredAt: 'TIMESTAMP',
};

/** The matrix as Parquet: one row a cell, the columns of its CSV with their types. */
export function matrixParquet(matrix: Matrix): Uint8Array {
  const records = matrixRecords(matrix);
  return parquetOf(columnNames(records).map((name) => columnOf(name, records)));
}

/** Raw samples of one launch, milliseconds. */
export interface LaunchSamples {
  readonly launch: number;
  readonly samplesMs: Float64Array;
}

/** Samples as Parquet: one row a run, in the order they were taken. */
export function samplesParquet(cellId: string, taskId: string, launches: readonly LaunchSamples[]): Uint8Array {
  const rows = launches.flatMap(({ launch, samplesMs }) => [...samplesMs].map((latencyMs, run) => ({ launch, run, latencyMs })));
  return parquetOf([
    { name: 'cellId', data: rows.map(() => cellId), type: 'STRING' },
    { name: 'taskId', data: rows.map(() => taskId), type: 'STRING' },
    { name: 'launch', data: rows.map(({ launch }) => launch), type: 'INT32' },
    { name: 'run', data: rows.map(({ run }) => run), type: 'INT32' },
    { name: 'latencyMs', data: rows.map(({ latencyMs }) => latencyMs), type: 'DOUBLE' },
  ]);
}

function parquetOf(columns: readonly ColumnSource[]): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({ columnData: [...columns] }));
}

function columnOf(name: string, records: readonly MatrixRecord[]): ColumnSource {
  const type = TYPES[name] ?? 'STRING';
  const values = records.map((record) => record[name] ?? null);
  return {
    name,
    type,
    nullable: true,
    data: type === 'TIMESTAMP' ? values.map((value) => (value === null ? null : new Date(String(value)))) : values,
  };
}

/** All records have the same. */
function columnNames([first]: readonly MatrixRecord[]): readonly string[] {
  return first === undefined ? ['cellId'] : Object.keys(first);
}
