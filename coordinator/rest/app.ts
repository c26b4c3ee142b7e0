import express, { type Express, type RequestHandler } from 'express';
import { askerOf, assertAllowed } from './access.ts';
import { bindRoutes } from './bind.ts';
import type { RestDeps } from './deps.ts';
import { accessHandlers } from './handlers/access.ts';
import { agentHandlers } from './handlers/agents.ts';
import { artifactHandlers } from './handlers/artifacts.ts';
import { eventHandlers } from './handlers/events.ts';
import { evidenceHandlers } from './handlers/evidence.ts';
import { farmHandlers } from './handlers/farm.ts';
import { importHandlers } from './handlers/imports.ts';
import { jobHandlers } from './handlers/jobs.ts';
import { matrixHandlers } from './handlers/matrix.ts';
import { notificationHandlers } from './handlers/notifications.ts';
import { policyHandlers } from './handlers/policy.ts';
import { recipeHandlers } from './handlers/recipes.ts';
import { suiteHandlers } from './handlers/suites.ts';
import { taskHandlers } from './handlers/tasks.ts';
import { accessLog } from './middleware/access-log.ts';
import { hostGuard } from './middleware/host-guard.ts';
import { jsonBody } from './middleware/json-body.ts';
import { noSuchRoute, problems } from './middleware/problems.ts';
import { requestId } from './middleware/request-id.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { endUnreadBodies } from './middleware/unread-body.ts';
import { pageAssets, pageErrors, plainPages } from './pages/pages.ts';
import { webPages } from './web-app.ts';

/** The REST API and the pages as one Express application; it listens nowhere by itself. */
export function createRestApp(deps: RestDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(requestId(deps.random), accessLog(deps.log, deps.clock), endUnreadBodies(deps.clock), securityHeaders, hostGuard(deps.hostNames));
  const readBody = jsonBody({ limitBytes: deps.limits.bodyBytes, timeoutMs: deps.limits.bodyMs, clock: deps.clock });
  bindRoutes(app, allHandlers(deps), { ...deps, readBody });
  app.use(pageAssets());
  const plain = [pageGuard(deps), plainPages(deps)];
  // Without scripts, and where the application is not built.
  app.use('/plain', plain);
  // The application itself says nothing: what it shows comes from the API.
  app.use(deps.web === undefined ? plain : webPages(deps.web));
  app.use(pageErrors(deps));
  app.use(noSuchRoute, problems(deps.log, deps.limits));
  return app;
}

/** Pages show what the API shows. */
function pageGuard({ access }: Pick<RestDeps, 'access'>): RequestHandler {
  return async (req, _res, next) => {
    assertAllowed(await askerOf(req, 'viewer', access), 'viewer', req);
    next();
  };
}

function allHandlers(deps: RestDeps) {
  return {
    ...farmHandlers(deps),
    ...jobHandlers(deps),
    ...taskHandlers(deps),
    ...evidenceHandlers(deps),
    ...agentHandlers(deps),
    ...policyHandlers(deps),
    ...notificationHandlers(deps),
    ...recipeHandlers(deps),
    ...suiteHandlers(deps),
    ...importHandlers(deps),
    ...artifactHandlers(deps),
    ...matrixHandlers(deps),
    ...eventHandlers(deps),
    ...accessHandlers(deps),
  };
}
