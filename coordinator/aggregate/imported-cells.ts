import type { ImportedResult } from '../../domain/imported-result.ts';
import type { Sha256 } from '../../domain/json.ts';
import { type Cell, type CellKey, cellId, type MatrixColumn, type MatrixRow } from '../../domain/matrix.ts';
import { columnIdOf } from './fold.ts';
import type { Grid } from './layout.ts';

type CellRow = Grid['cells'][number];

/** Of a key that needs one; nobody knows how another tool measured. */
const TIER = 'smoke';

/** Imported results in rows and columns of their own. */
function importedGrid(results: readonly ImportedResult[], sha256: Sha256): Grid {
  const rows = new Map(results.map((result) => [rowIdOf(result), rowOf(result)]));
  const columns = new Map(results.map(columnOf).map((column) => [column.id, column]));
  const cells = new Map(results.map((result) => [placeOf(rowIdOf(result), columnOf(result).id), cellOf(result, sha256)]));
  return {
    rows: [...rows.values()],
    columns: [...columns.values()],
    cells: [...rows.keys()].map((rowId) => [...columns.keys()].map((columnId) => cells.get(placeOf(rowId, columnId)) ?? null)),
  };
}

/** A grid with imported results behind what was measured: nothing sets the two side by side by accident. What has not changed is the same object again. */
export class ImportedBeside {
  readonly #sha256: Sha256;
  /** Of which results `#grid` is. */
  #text = '[]';
  #grid: Grid = { rows: [], columns: [], cells: [] };
  #columns = 0;
  #longer = new WeakMap<CellRow, CellRow>();
  #imported: readonly CellRow[] = [];

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  beside({ rows, columns, cells }: Grid, results: readonly ImportedResult[]): Grid {
    this.#note(results, columns.length);
    const { rows: importedRows, columns: importedColumns } = this.#grid;
    if (importedRows.length === 0) return { rows, columns, cells };
    return {
      rows: [...rows, ...importedRows],
      columns: [...columns, ...importedColumns],
      cells: [...cells.map((row) => this.#lengthen(row)), ...this.#imported],
    };
  }

  #note(results: readonly ImportedResult[], columns: number): void {
    const text = JSON.stringify(results);
    if (text === this.#text && columns === this.#columns) return;
    if (text !== this.#text) this.#grid = importedGrid(results, this.#sha256);
    this.#text = text;
    this.#columns = columns;
    this.#longer = new WeakMap();
    const before = Array.from({ length: columns }, () => null);
    this.#imported = this.#grid.cells.map((row) => [...before, ...row]);
  }

  #lengthen(row: CellRow): CellRow {
    const known = this.#longer.get(row) ?? [...row, ...this.#grid.columns.map(() => null)];
    this.#longer.set(row, known);
    return known;
  }
}

function placeOf(rowId: string, columnId: string): string {
  return `${rowId}\n\n${columnId}`;
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
