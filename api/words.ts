/**
 * The documents that the API answers with, as types, and the words and figures that people read for them: for the web application, which imports
 * `api/` alone, so that one cell reads the same in a terminal, in Markdown and in a browser.
 */
export type { Badge, CellState } from '../domain/cell-state.ts';
export { cellText } from '../domain/cell-text.ts';
export { compareTwoCells } from '../domain/compare-cells.ts';
export { curationText } from '../domain/curation-text.ts';
export { deviceStateText } from '../domain/device-state-text.ts';
export { driftReasons } from '../domain/drift.ts';
export { formatCount, jobProgress, jobProgressText } from '../domain/job-text.ts';
export { judgedSimilarity } from '../domain/judged-similarity.ts';
export { MODEL_RULES } from '../domain/lint/model-rules.ts';
export type { Cell, Matrix, MatrixColumn, MatrixRow } from '../domain/matrix.ts';
export { cellsInList, LIST_MEANINGS, listedCells, MATRIX_LISTS, type MatrixListName } from '../domain/matrix-lists.ts';
export {
  BADGE_MEANINGS,
  columnText,
  formatAge,
  formatCosine,
  formatInterval,
  formatMs,
  formatRatio,
  formatShare,
  plural,
  publishedText,
  recipeLabel,
  rowText,
  STATE_SIGNS,
  shortEp,
} from '../domain/matrix-text.ts';
export type { PastResult } from '../domain/past-result.ts';
export {
  formatDifference,
  formatMetric,
  formatRank,
  GOAL_SIGNS,
  goalSign,
  goalText,
  rankingScope,
  relevanceScope,
} from '../domain/quality-text.ts';
export type { BenchmarkReport, ConversionReport, LaunchReport, Quality } from '../domain/report.ts';
export { STAGES } from '../domain/stages.ts';
