import type { Request } from 'express';
import type { MatrixFormat } from '../../../api/matrix.ts';
import { GroveError } from '../../../domain/errors.ts';
import { renderMarkdown } from '../../matrix/renderers/markdown.ts';
import { renderMatrixPage } from '../../matrix/renderers/matrix-page.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';
import { findCell } from '../views/cell-view.ts';

const FORMATS: Readonly<Record<string, MatrixFormat>> = { 'application/json': 'json', 'text/markdown': 'md', 'text/html': 'html' };

/** The matrix in each format, and single cells. */
export function matrixHandlers({ matrix, store }: Pick<RestDeps, 'matrix' | 'store'>) {
  return {
    async matrix({ query }, req, res) {
      const document = await matrix();
      res.vary('accept');
      switch (query.format ?? acceptedFormat(req)) {
        case 'json':
          res.json(document);
          return;
        case 'md':
          res.type('text/markdown').send(renderMarkdown(document));
          return;
        case 'html':
          res.type('text/html').send(renderMatrixPage(document));
      }
    },
    async cell({ params: { cellId } }) {
      const cell = await findCell(await matrix(), cellId, store);
      if (cell === undefined) throw new GroveError('not-found', { kind: 'cell', id: cellId });
      return ok(cell);
    },
  } satisfies Partial<Handlers>;
}

function acceptedFormat(req: Request): MatrixFormat {
  const accepted = req.accepts(Object.keys(FORMATS));
  return (accepted === false ? undefined : FORMATS[accepted]) ?? 'json';
}
