import type { Express, Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { expressPath, type Route } from '../../api/route.ts';
import { ROUTES } from '../../api/routes.ts';
import { LOCAL_PRINCIPAL } from '../../domain/principal.ts';
import { check } from './check.ts';
import type { Answer, Checked, Handlers } from './handler.ts';

/** Raw handlers answer nothing: they have written the response themselves. */
type AnyHandler = (request: Checked<Route>, req: Request, res: Response) => Promise<Answer<number, unknown> | undefined>;

/** Adds every route of the API to `app`: `readBody` for those with a JSON body, then the schemas, then the handler. */
export function bindRoutes(app: Express, handlers: Handlers, readBody: readonly RequestHandler[]): void {
  for (const [name, route] of Object.entries<Route>(ROUTES)) {
    // Each handler takes its own route's types; the schemas checked here are that same route's.
    const handler = Object(handlers)[name] as AnyHandler;
    const before = route.body instanceof z.ZodType ? readBody : [];
    app[route.method](expressPath(route), ...before, serve(route, handler));
  }
}

function serve(route: Route, handler: AnyHandler): RequestHandler {
  return async (req, res) => {
    const answer = await handler(checkRequest(route, req, res), req, res);
    if (answer !== undefined) res.status(answer.status).json(answer.body);
  };
}

function checkRequest(route: Route, req: Request, res: Response): Checked<Route> {
  const gone = new AbortController();
  // Every answer closes; an abort that nobody needs costs more than the checks below.
  res.once('close', () => res.writableFinished || gone.abort());
  return {
    params: check(route.params, req.params, 'path'),
    query: check(route.query, { ...req.query }, 'query'),
    headers: check(route.headers, req.headers, 'header'),
    body: route.body instanceof z.ZodType ? check(route.body, req.body, '$') : undefined,
    principal: LOCAL_PRINCIPAL,
    signal: gone.signal,
  };
}
