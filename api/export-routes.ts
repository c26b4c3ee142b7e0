import { z } from 'zod';
import { cellIdSchema } from '../domain/curation.ts';
import { defineRoute, nothing } from './route.ts';

const cellParams = z.strictObject({ cellId: cellIdSchema });

/** Files made of one cell. */
export const EXPORT_ROUTES = {
  cellSheet: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/cells/{cellId}/sheet.pdf',
    tag: 'matrix',
    kind: 'raw',
    params: cellParams,
    summary: 'One cell as a page of A4: figures, launches, conditions, provenance.',
    answers: [{ status: 200, description: 'The page.', content: { 'application/pdf': null } }],
    errors: ['not-found'],
  }),
  cellSamples: defineRoute({
    ...nothing,
    method: 'get',
    path: '/api/v1/cells/{cellId}/samples.parquet',
    tag: 'matrix',
    kind: 'raw',
    params: cellParams,
    summary: 'Raw samples of the latest result of a cell: one row a run.',
    answers: [{ status: 200, description: 'Launch, run and milliseconds.', content: { 'application/vnd.apache.parquet': null } }],
    errors: ['not-found', 'too-large'],
  }),
} as const;
