/**
 * The documents that the API answers with, as types, and the words and figures that people read for them: for the web application, which imports
 * `api/` alone, so that one cell reads the same in a terminal, in Markdown and in a browser.
 */
export type { Badge, CellState } from '../domain/cell-state.ts';
export { cellText } from '../domain/cell-text.ts';
export type { Cell, Matrix, MatrixColumn, MatrixRow } from '../domain/matrix.ts';
export { cellsInList, LIST_MEANINGS, MATRIX_LISTS, type MatrixListName } from '../domain/matrix-lists.ts';
export { BADGE_MEANINGS, columnText, plural, publishedText, rowText, STATE_SIGNS } from '../domain/matrix-text.ts';
