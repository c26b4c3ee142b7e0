import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Route } from '../../api/route.ts';
import type { ROUTES, RouteName } from '../../api/routes.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Asking } from './access.ts';

/** A request whose every part has passed its route's schema. */
export interface Checked<R extends Route> {
  readonly params: z.output<R['params']>;
  readonly query: z.output<R['query']>;
  readonly headers: z.output<R['headers']>;
  readonly body: R['body'] extends z.ZodType ? z.output<R['body']> : R['body'] extends null | 'bytes' ? undefined : unknown;
  readonly asking: Asking;
  /** Of `asking`. */
  readonly principal: Principal;
  /** Aborts when the client goes away before the answer is complete. */
  readonly signal: AbortSignal;
}

/** A JSON answer. */
export interface Answer<Status extends number, Body> {
  readonly status: Status;
  readonly body: Body;
}

type JsonBody<R extends Route> = R['answers'][0]['content'] extends { readonly 'application/json': infer S extends z.ZodType }
  ? z.output<S>
  : never;

type JsonHandler<R extends Route> = (request: Checked<R>) => Promise<Answer<R['answers'][number]['status'], JsonBody<R>>>;

/** Writes the response itself. What it throws before the first byte still becomes a problem. */
export type RawHandler<R extends Route> = (request: Checked<R>, req: Request, res: Response) => Promise<void>;

/** One handler per route: a missing or misspelt one does not compile. */
export type Handlers = {
  readonly [Name in RouteName]: (typeof ROUTES)[Name]['kind'] extends 'json'
    ? JsonHandler<(typeof ROUTES)[Name]>
    : RawHandler<(typeof ROUTES)[Name]>;
};

/** Status 200 with a body. */
export function ok<Body>(body: Body): Answer<200, Body> {
  return { status: 200, body };
}
