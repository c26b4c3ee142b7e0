import type { ImportedResult } from '../../domain/imported-result.ts';
import type { Sha256 } from '../../domain/json.ts';
import { type Cell, type CellKey, cellId, type Matrix, type MatrixColumn, type MatrixRow } from '../../domain/matrix.ts';
import { columnIdOf } from './fold.ts';

type Grid = Pick<Matrix, 'rows' | 'columns' | 'cells'>;

/** Of a key that needs one; nobody knows how another tool measured. */
const TIER = 'smoke';

/** The grid with imported results behind what was measured, in rows and columns of their own: nothing sets the two side by side by accident. */
export function withImported({ rows, columns, cells }: Grid, results: readonly ImportedResult[], sha256: Sha256): Grid {
  const placed = results.map((result) => ({ result, column: columnOf(result), rowId: rowIdOf(result) }));
  const newColumns = uniqueBy(
    placed.map(({ column }) => column),
    ({ id }) => id,
  );
  const newRows = uniqueBy(placed, ({ rowId }) => rowId);
  return {
    rows: [...rows, ...newRows.map(({ result }) => rowOf(result))],
    columns: [...columns, ...newColumns],
    cells: [
      ...cells.map((row) => [...row, ...newColumns.map(() => null)]),
      ...newRows.map(({ rowId }) => [
        ...columns.map(() => null),
        ...newColumns.map((column) => {
          const found = placed.find((one) => one.rowId === rowId && one.column.id === column.id);
          return found === undefined ? null : cellOf(found.result, sha256);
        }),
      ]),
    ],
  };
}

function rowIdOf({ modelId, variant }: ImportedResult): string {
  return `${modelId}\n${variant}`;
}

function keyOf({ modelId, variant, deviceModel, ep, tool }: ImportedResult): CellKey {
  return {
    schemaVersion: 1,
    ...{ modelId, recipeId: `imported: ${variant}`.slice(0, 200), deviceModel, requestedEp: ep, executedEp: ep, tier: TIER },
    ...{ condition: `imported from ${tool}`, inputShape: '', synthetic: false, emulated: false },
  };
}

function columnOf(result: ImportedResult): MatrixColumn {
  const { deviceModel, executedEp, condition, tier, emulated } = keyOf(result);
  const key = { deviceModel, executedEp, condition, tier, emulated };
  return { id: columnIdOf(key), ...key, deviceClass: result.deviceClass, units: [] };
}

function rowOf(result: ImportedResult): MatrixRow {
  const { modelId, recipeId } = keyOf(result);
  return { modelId, recipeId, recipeDigest: '', title: result.variant, target: '', lintFindings: 0, published: null };
}

function cellOf(result: ImportedResult, sha256: Sha256): Cell {
  const key = keyOf(result);
  const { tool, latencyMs, isMean, samples, throughputPerSecond, ortVersion, importedAt, importedBy } = result;
  return {
    id: cellId(key, sha256),
    key,
    state: 'ok',
    badges: ['imported'],
    reason: `${isMean ? 'mean' : 'median'} as ${tool} told it, imported by ${importedBy}`,
    code: null,
    p50Ms: { value: latencyMs, low: null, high: null },
    throughputPerSecond,
    launches: 1,
    samplesPerLaunch: samples ?? 0,
    ...{ epTimeShare: null, quality: null, olive: {}, evaluator: [], ratioToPrevious: null, comparison: null, curation: null },
    history: { results: 0, firstAt: null, lastGood: null, firstBad: null, fallback: null },
    provenance: {
      ...{ jobId: '', taskId: '', attempt: null, agentId: null, deviceName: null, sku: null, recipeDigest: '', conversionKey: null },
      ...{ environmentId: null, ortVersion, measuredAt: importedAt },
    },
    ...{ reproduce: '', units: [], unitStates: [] },
  };
}

function uniqueBy<T>(items: readonly T[], keyOfItem: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [keyOfItem(item), item])).values()];
}
