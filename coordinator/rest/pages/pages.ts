import { type ErrorRequestHandler, Router } from 'express';
import { z } from 'zod';
import { TASKS_PER_PAGE } from '../../../api/jobs.ts';
import { cellIdSchema } from '../../../domain/curation.ts';
import { GroveError, toGroveError } from '../../../domain/errors.ts';
import { idSchema } from '../../../domain/names.ts';
import { taskStateSchema } from '../../../domain/task-state.ts';
import { renderCellPage } from '../../matrix/renderers/cell-page.ts';
import { renderMatrixPage } from '../../matrix/renderers/matrix-page.ts';
import { STYLESHEET_PATH } from '../../matrix/renderers/page.ts';
import { ICON, STYLESHEET } from '../../matrix/renderers/stylesheet.ts';
import { check } from '../check.ts';
import type { RestDeps } from '../deps.ts';
import { agentView } from '../views/agent-view.ts';
import { findCell } from '../views/cell-view.ts';
import { jobView } from '../views/job-page.ts';
import { jobSummary } from '../views/job-view.ts';
import { renderAgentsPage } from './agents-page.ts';
import { apiReference } from './api-reference.ts';
import { renderErrorPage } from './error-page.ts';
import { renderJobPage } from './job-page.ts';
import { renderJobsPage } from './jobs-page.ts';
import { renderRecipePage } from './recipe-page.ts';

/** Jobs the page shows. */
const JOBS_SHOWN = 100;

const refreshQuery = z.strictObject({ refresh: z.coerce.number<string>().int().min(1).max(3600).exactOptional() });
const jobQuery = refreshQuery.extend({
  offset: z.coerce.number<string>().int().min(0).default(0),
  state: taskStateSchema.exactOptional(),
});
const jobParams = z.strictObject({ jobId: idSchema });
const cellParams = z.strictObject({ cellId: cellIdSchema });

const recipeParams = z.strictObject({ recipeId: z.string().min(1).max(200) });

type PageDeps = Pick<RestDeps, 'matrix' | 'history' | 'store' | 'clock' | 'progress' | 'catalogue' | 'jobs'>;

/** Pages for people who run no scripts: plain HTML, complete as they come. */
export function plainPages(deps: PageDeps): Router {
  const router = Router();
  router.get('/', async (req, res) => {
    const { refresh } = check(refreshQuery, { ...req.query }, 'query');
    res.type('html').send(renderMatrixPage(await deps.matrix(), { refreshSeconds: refresh }));
  });
  router.get('/cells/:cellId', async (req, res) => {
    const { cellId } = check(cellParams, req.params, 'path');
    const view = await findCell(cellId, deps);
    if (view === undefined) throw new GroveError('not-found', { kind: 'cell', id: cellId });
    res.type('html').send(renderCellPage(view, deps.clock.now()));
  });
  router.get('/jobs', async (_req, res) => {
    const jobs = await deps.store.jobs({ limit: JOBS_SHOWN });
    res.type('html').send(renderJobsPage(jobs.map(jobSummary)));
  });
  router.get('/jobs/:jobId', async (req, res) => {
    const { jobId } = check(jobParams, req.params, 'path');
    const { refresh, offset, state } = check(jobQuery, { ...req.query }, 'query');
    const job = await deps.store.job(jobId);
    if (job === undefined) throw new GroveError('not-found', { kind: 'job', id: jobId });
    const asked = { offset, limit: TASKS_PER_PAGE, estimate: true, ...(state !== undefined && { state: [state] }) };
    res.type('html').send(renderJobPage(await jobView(job, asked, deps), { refreshSeconds: refresh, state }));
  });
  router.get('/agents', async (_req, res) => {
    const agents = await deps.store.agents();
    res.type('html').send(renderAgentsPage(agents.map(agentView), deps.clock.now()));
  });
  router.get('/recipes/:recipeId', (req, res) => {
    const { recipeId } = check(recipeParams, req.params, 'path');
    const entry = deps.catalogue.recipes.find(({ id }) => id === recipeId);
    if (entry === undefined) throw new GroveError('not-found', { kind: 'recipe', id: recipeId });
    res.type('html').send(renderRecipePage(entry));
  });
  return router;
}

/** What stands beside the pages: their stylesheet and icon, and the API reference. */
export function pageAssets(): Router {
  const router = Router();
  router.use('/docs', apiReference());
  router.get(STYLESHEET_PATH, (_req, res) => {
    res.type('css').set('cache-control', 'no-cache').send(STYLESHEET);
  });
  router.get('/assets/grove.svg', (_req, res) => {
    res.type('svg').send(ICON);
  });
  return router;
}

/** Errors of pages are pages; unexpected ones go on to the API's handler, which logs them and tells no details. */
export function pageErrors({ web }: Pick<RestDeps, 'web'>): ErrorRequestHandler {
  // biome-ignore lint/complexity/useMaxParams: Express knows an error handler by its four parameters
  return (thrown: unknown, req, res, next) => {
    const error = toGroveError(thrown);
    if (res.headersSent || error.code === 'internal' || req.accepts(['json', 'html']) !== 'html') {
      next(thrown);
      return;
    }
    const logInPath = error.code === 'unauthenticated' && web !== undefined ? applicationPath(req.path) : undefined;
    res.status(error.spec.http).type('html').send(renderErrorPage(error, logInPath));
  };
}

/** The application's page for the same as a plain page: it asks who is there. Two slashes would lead to another host. */
function applicationPath(path: string): string {
  return path.startsWith('/plain/') ? `/${path.slice('/plain'.length).replace(/^[/\\]+/, '')}` : '/';
}
