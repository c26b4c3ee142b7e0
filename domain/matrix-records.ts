import type { Cell, Matrix } from './matrix.ts';
import { listedCells } from './matrix-lists.ts';

/** One cell as a flat record: what tables, spreadsheets and data frames take. Names carry units; null is not known. */
export type MatrixRecord = Readonly<Record<string, string | number | boolean | null>>;

/** Every cell of a matrix, row by row. All records have the same members in the same order. */
export function matrixRecords(matrix: Matrix): readonly MatrixRecord[] {
  return listedCells(matrix).map(({ row, column, cell }) => ({
    cellId: cell.id,
    modelId: row.modelId,
    recipeId: row.recipeId,
    recipeDigest: cell.provenance.recipeDigest,
    deviceModel: cell.key.deviceModel,
    deviceClass: column.deviceClass,
    requestedEp: cell.key.requestedEp,
    executedEp: cell.key.executedEp,
    condition: cell.key.condition,
    tier: cell.key.tier,
    inputShape: cell.key.inputShape,
    state: cell.state,
    badges: cell.badges.join(' '),
    reason: cell.reason,
    code: cell.code,
    ...numbersOf(cell),
    units: cell.units.join(' '),
    deviceName: cell.provenance.deviceName,
    jobId: cell.provenance.jobId,
    taskId: cell.provenance.taskId,
    environmentId: cell.provenance.environmentId,
    ortVersion: cell.provenance.ortVersion,
    measuredAt: cell.provenance.measuredAt === null ? null : new Date(cell.provenance.measuredAt).toISOString(),
  }));
}

function numbersOf({ p50Ms, throughputPerSecond, launches, samplesPerLaunch, epTimeShare, quality, comparison }: Cell): MatrixRecord {
  return {
    p50Ms: p50Ms?.value ?? null,
    p50LowMs: p50Ms?.low ?? null,
    p50HighMs: p50Ms?.high ?? null,
    throughputPerSecond,
    launches,
    samplesPerLaunch,
    epTimeShare,
    cosineMean: quality?.state === 'measured' ? quality.cosineMean : null,
    comparedWith: comparison?.against ?? null,
    ratio: comparison?.ratio.value ?? null,
    ratioLow: comparison?.ratio.low ?? null,
    ratioHigh: comparison?.ratio.high ?? null,
    changed: comparison?.changed.join(' ') ?? null,
    pValue: comparison?.pValue ?? null,
  };
}
