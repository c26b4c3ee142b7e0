import type { Express, Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { ACCESS_RULES } from '../../api/access-rules.ts';
import { expressPath, type Route } from '../../api/route.ts';
import { ROUTE_NAMES } from '../../api/route-names.ts';
import { ROUTES, type RouteName } from '../../api/routes.ts';
import { toGroveError } from '../../domain/errors.ts';
import { type Asking, askerOf, assertAllowed, NOBODY } from './access.ts';
import { check } from './check.ts';
import type { RestDeps } from './deps.ts';
import type { Answer, Checked, Handlers } from './handler.ts';
import { recordChange } from './record-change.ts';

/** How often a stream's caller is looked at again. */
const LOOK_MS = 30_000;

/** Raw handlers answer nothing: they have written the response themselves. */
type AnyHandler = (request: Checked<Route>, req: Request, res: Response) => Promise<Answer<number, unknown> | undefined>;

type BindDeps = Pick<RestDeps, 'access' | 'audit' | 'clock' | 'log'>;

/** What a route's steps share. */
interface Bound {
  readonly name: RouteName;
  readonly route: Route;
  readonly deps: BindDeps;
  /** Who asked, from the first step on. */
  readonly asking: WeakMap<Request, Asking>;
}

/** Adds every route of the API to `app`: who may use it, `readBody` for those with a JSON body, then the schemas, then the handler. */
export function bindRoutes(
  app: Express,
  handlers: Handlers,
  { readBody, ...deps }: BindDeps & { readonly readBody: readonly RequestHandler[] },
): void {
  const asking = new WeakMap<Request, Asking>();
  for (const name of ROUTE_NAMES) {
    const bound: Bound = { name, route: ROUTES[name], deps, asking };
    // Each handler takes its own route's types; the schemas checked here are that same route's.
    const handler = Object(handlers)[name] as AnyHandler;
    const before = bound.route.body instanceof z.ZodType ? readBody : [];
    app[bound.route.method](expressPath(bound.route), guard(bound), ...before, serve(bound, handler));
  }
}

/** Nothing of a request is read before it is known that its sender may ask. */
function guard(bound: Bound): RequestHandler {
  return async (req, res, next) => {
    const rule = ACCESS_RULES[bound.name];
    const asking = await askerOf(req, rule, bound.deps.access);
    try {
      assertAllowed(asking, rule, req);
    } catch (error) {
      if (isRecorded(bound, asking))
        await recordChange(bound.deps, { req, res }, { what: bound.name, asking, object: objectOf(req), error });
      throw error;
    }
    bound.asking.set(req, asking);
    next();
  };
}

function serve(bound: Bound, handler: AnyHandler): RequestHandler {
  return async (req, res) => {
    const asking = bound.asking.get(req) ?? NOBODY;
    if (bound.route.kind === 'raw') endWithAccess(bound, req, res);
    try {
      const answer = await handler(checkRequest({ ...bound, asker: asking }, req, res), req, res);
      if (isRecorded(bound, asking, 'ok'))
        await recordChange(bound.deps, { req, res }, { what: bound.name, asking, object: objectOf(req, answer) });
      if (answer !== undefined) res.status(answer.status).json(answer.body);
    } catch (error) {
      if (isRecorded(bound, asking))
        await recordChange(bound.deps, { req, res }, { what: bound.name, asking, object: objectOf(req), error });
      throw error;
    }
  };
}

/** Looks now and then whether whoever follows a stream still may: it has no end of its own. */
function endWithAccess({ name, deps: { access, clock } }: Bound, req: Request, res: Response): void {
  const rule = ACCESS_RULES[name];
  if (access === undefined || rule === 'anyone' || rule === 'grant') return;
  let timer = clock.after(LOOK_MS, () => void look());
  const look = async (): Promise<void> => {
    try {
      await askerOf(req, rule, access);
    } catch (error) {
      if (toGroveError(error).code === 'unauthenticated') res.destroy();
    }
    if (!res.destroyed) timer = clock.after(LOOK_MS, () => void look());
  };
  res.once('close', () => timer.cancel());
}

/**
 * What somebody known wanted to change, and what a stranger did. What strangers ask in vain is in the log: in the record it would push out everything
 * else. Bytes that a grant was given for are part of the change that asked for the grant.
 */
function isRecorded({ name, route }: Bound, asking: Asking, outcome: 'ok' | 'refused' = 'refused'): boolean {
  if (route.method === 'get' || ACCESS_RULES[name] === 'grant') return false;
  return asking !== NOBODY || (outcome === 'ok' && name !== 'closeSession');
}

/** What a request is about: what its path names, else what its answer made. */
function objectOf(req: Request, answer?: Answer<number, unknown>): string {
  const named = Object.values(req.params).join('/');
  const made = z
    .object({ jobId: z.string().optional(), id: z.string().optional(), agentId: z.string().optional() })
    .safeParse(answer?.body);
  return named || (made.data?.jobId ?? made.data?.agentId ?? made.data?.id ?? '');
}

function checkRequest({ route, asker }: Bound & { readonly asker: Asking }, req: Request, res: Response): Checked<Route> {
  const gone = new AbortController();
  // Every answer closes; an abort that nobody needs costs more than the checks below.
  res.once('close', () => res.writableFinished || gone.abort());
  return {
    params: check(route.params, req.params, 'path'),
    query: check(route.query, { ...req.query }, 'query'),
    headers: check(route.headers, req.headers, 'header'),
    body: route.body instanceof z.ZodType ? check(route.body, req.body, '$') : undefined,
    asking: asker,
    principal: asker.principal,
    signal: gone.signal,
  };
}
