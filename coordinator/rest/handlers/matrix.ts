import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { CellView, curateCellRequestSchema, MatrixFormat } from '../../../api/matrix.ts';
import { type CurationChange, MAX_BASELINE_TASKS } from '../../../domain/curation.ts';
import { GroveError } from '../../../domain/errors.ts';
import type { Cell } from '../../../domain/matrix.ts';
import { cellsInList } from '../../../domain/matrix-lists.ts';
import { renderCsv } from '../../matrix/renderers/csv.ts';
import { type MatrixJson, renderJson } from '../../matrix/renderers/json.ts';
import { renderJunit } from '../../matrix/renderers/junit.ts';
import { renderMarkdown } from '../../matrix/renderers/markdown.ts';
import { renderMatrixPage } from '../../matrix/renderers/matrix-page.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';
import { findCell } from '../views/cell-view.ts';
import { readSamples } from '../views/read-samples.ts';

const PARQUET = 'application/vnd.apache.parquet';

const FORMATS: Readonly<Record<string, MatrixFormat>> = {
  'application/json': 'json',
  'text/markdown': 'md',
  'text/html': 'html',
  'text/csv': 'csv',
  'application/xml': 'junit',
  'application/vnd.apache.parquet': 'parquet',
};

/** The matrix in each format, and single cells. */
export function matrixHandlers(deps: Pick<RestDeps, 'matrix' | 'history' | 'store' | 'artifacts' | 'clock' | 'random'>) {
  const { matrix, history, store, clock, random } = deps;
  const view = async (cellId: string): Promise<CellView> => {
    const cell = await findCell(cellId, deps);
    if (cell === undefined) throw new GroveError('not-found', { kind: 'cell', id: cellId });
    return cell;
  };
  return {
    async matrix({ query }, req, res) {
      const document = await matrix();
      res.vary('accept');
      switch (query.format ?? acceptedFormat(req)) {
        case 'json':
          sendJson(renderJson(document), req, res);
          return;
        case 'md':
          res.type('text/markdown').send(renderMarkdown(document));
          return;
        case 'html':
          // It carries its stylesheet, for whoever saves it; nothing else may load.
          res.set('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
          res.type('text/html').send(renderMatrixPage(document, { selfContained: true }));
          return;
        case 'csv':
          res.type('text/csv').send(renderCsv(document));
          return;
        case 'parquet':
          sendFile(res, PARQUET, { name: 'matrix.parquet', bytes: (await import('../../export/parquet.ts')).matrixParquet(document) });
          return;
        case 'junit':
          res.type('application/xml').send(renderJunit(document));
      }
    },
    async matrixList({ params: { list }, query: { days } }) {
      return ok({ list, days, cells: [...cellsInList(await matrix(), list, days)] });
    },
    async cell({ params: { cellId } }) {
      return ok(await view(cellId));
    },
    async cellSheet({ params: { cellId } }, _req, res) {
      const { cellSheet } = await import('../../export/cell-sheet.ts');
      sendFile(res, 'application/pdf', { name: `cell-${cellId}.pdf`, bytes: await cellSheet(await view(cellId), clock.now()) });
    },
    async cellSamples({ params: { cellId } }, _req, res) {
      const { cell, report } = await view(cellId);
      if (report === null) throw new GroveError('not-found', { kind: 'samples of cell', id: cellId });
      const { samplesParquet } = await import('../../export/parquet.ts');
      const bytes = samplesParquet(cellId, cell.provenance.taskId, await readSamples(report, deps.artifacts));
      sendFile(res, PARQUET, { name: `samples-${cellId}.parquet`, bytes });
    },
    async cellHistory({ params: { cellId }, query: { offset, limit } }) {
      const results = await history(cellId);
      if (results === undefined) throw new GroveError('not-found', { kind: 'cell', id: cellId });
      return ok({ total: results.length, results: results.slice(offset, offset + limit) });
    },
    async curateCell({ params: { cellId }, body, principal }) {
      const { cell } = await view(cellId);
      requireMeasured(cell, body.kind);
      await store.curateCell({ now: clock.now(), principal, cellId, change: changeOf(body, cell, () => random.id()) });
      return ok(await view(cellId));
    },
  } satisfies Partial<Handlers>;
}

function sendFile(res: Response, type: string, { name, bytes }: { readonly name: string; readonly bytes: Uint8Array }): void {
  res
    .attachment(name)
    .type(type)
    .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

/** A reader that has this matrix already is told so: it is large, and read again whenever something happens. */
function sendJson({ bytes, etag }: MatrixJson, req: Request, res: Response): void {
  res.set({ etag, 'cache-control': 'private, no-cache' });
  // Not `req.fresh`: `fetch` asks for no cache on the way whenever its caller names an ETag.
  const known = req.get('if-none-match')?.split(/\s*,\s*/) ?? [];
  if (known.includes(etag)) res.status(304).end();
  else res.type('json').send(bytes);
}

function acceptedFormat(req: Request): MatrixFormat {
  const accepted = req.accepts(Object.keys(FORMATS));
  return (accepted === false ? undefined : FORMATS[accepted]) ?? 'json';
}

/** Of a cell that another tool measured the farm has no results; what was said of it all the same can be taken back. */
function requireMeasured({ id, badges }: Cell, kind: CurationChange['kind']): void {
  if (!badges.includes('imported') || kind === 'unpin' || kind === 'withdraw') return;
  throw new GroveError('invalid-request', { problem: `cell ${id} was imported: only cells that the farm has measured can be curated` });
}

/** A request says what is meant; the change says of which results and which state. */
function changeOf(request: z.output<typeof curateCellRequestSchema>, cell: Cell, newId: () => string): CurationChange {
  switch (request.kind) {
    case 'pin':
      return { kind: 'pin', taskIds: measuredTasks(cell), reason: request.reason };
    case 'acknowledge':
      return { kind: 'acknowledge', state: cell.state, reason: request.reason };
    case 'note':
      return { kind: 'note', id: request.id ?? newId(), text: request.text };
    default:
      return request;
  }
}

function measuredTasks({ id, p50Ms, provenance, unitStates }: Cell): string[] {
  if (unitStates.length === 0 && p50Ms !== null) return [provenance.taskId];
  const taskIds = unitStates.filter((unit) => unit.p50Ms !== null).map(({ taskId }) => taskId);
  if (taskIds.length === 0) throw new GroveError('invalid-request', { problem: `cell ${id} has no number that could be a baseline` });
  if (taskIds.length <= MAX_BASELINE_TASKS) return taskIds;
  const problem = `cell ${id} has numbers of ${taskIds.length} units; a baseline takes those of at most ${MAX_BASELINE_TASKS}`;
  throw new GroveError('invalid-request', { problem });
}
