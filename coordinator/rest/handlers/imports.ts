import { GroveError } from '../../../domain/errors.ts';
import { type ExternalResult, importedColumns, isSelected, MAX_IMPORTED_COLUMNS, resultName } from '../../../domain/imported-result.ts';
import type { FileMap } from '../../../domain/manifest.ts';
import type { RestDeps } from '../deps.ts';
import { type Handlers, ok } from '../handler.ts';

/** Models and rows that people bring to the farm. */
export function importHandlers({ imports, clock, log, requireStored }: Pick<RestDeps, 'imports' | 'clock' | 'log' | 'requireStored'>) {
  return {
    async models() {
      return ok({ models: [...(await imports.models())] });
    },
    async importModel({ body, principal }) {
      await requireStored(body.files);
      const model = { ...body, importedAt: clock.now(), importedBy: principal.name };
      await imports.putModel(model);
      return ok(model);
    },
    async data() {
      return ok({ data: [...(await imports.data())] });
    },
    async importData({ body, principal }) {
      const files: FileMap = { [body.path]: body.blob };
      await requireStored(files);
      const data = { ...body, importedAt: clock.now(), importedBy: principal.name };
      await imports.putData(data);
      return ok(data);
    },
    async results() {
      return ok({ results: [...(await imports.results())] });
    },
    async importResults({ body, principal }) {
      requireColumns([...(await imports.results()), ...body.results]);
      const who = { importedAt: clock.now(), importedBy: principal.name };
      const results = body.results.map((result) => ({ ...result, ...who }));
      await imports.putResults(results);
      return ok({ results });
    },
    async removeResults({ body: { select, dryRun }, principal }) {
      const results = (await imports.results()).filter((result) => isSelected(result, select));
      if (dryRun || results.length === 0) return ok({ results });
      await imports.removeResults(results.map(resultName));
      log.resultsRemoved({ by: principal.name, select, results: results.length });
      return ok({ results });
    },
  } satisfies Partial<Handlers>;
}

function requireColumns(results: readonly ExternalResult[]): void {
  const columns = importedColumns(results);
  if (columns <= MAX_IMPORTED_COLUMNS) return;
  const problem = `imported results would take ${columns} columns of the matrix (device, execution provider and tool); at most ${MAX_IMPORTED_COLUMNS} fit`;
  throw new GroveError('invalid-request', { problem });
}
