import { z } from 'zod';
import type { ErrorCode } from '../domain/errors.ts';

/** What a route answers when it succeeds. `null` means bytes or text without a schema. */
export interface RouteAnswer {
  readonly status: number;
  readonly description: string;
  readonly content: Readonly<Record<string, z.ZodType | null>>;
}

/** One operation of the REST API: what the server checks, what the client sends, what the reference shows. */
export interface Route {
  readonly method: 'get' | 'post' | 'put';
  /** Full path in OpenAPI spelling: `/api/v1/jobs/{jobId}`. */
  readonly path: string;
  /** The resource it belongs to. */
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly headers: z.ZodObject;
  /** A JSON body; null when the route takes none, `bytes` for a raw stream. */
  readonly body: z.ZodType | null | 'bytes';
  /** `json`: the server's handler returns a value. `raw`: it writes the response itself (streams, negotiated formats). */
  readonly kind: 'json' | 'raw';
  readonly answers: readonly [RouteAnswer, ...RouteAnswer[]];
  /** Errors special to this route; those every route can give are left out. */
  readonly errors: readonly ErrorCode[];
}

/** Checks a route's shape and keeps its exact types. */
export function defineRoute<const R extends Route>(route: R): R {
  return route;
}

/** Fills `{name}` parts of a route's path. Values are URL-encoded, so that a `/` in a recipe id stays inside its segment. */
export function fillPath(route: Pick<Route, 'path'>, params: Readonly<Record<string, string>>): string {
  return route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
}

/** A route's path as Express spells it: `/api/v1/jobs/:jobId`. */
export function expressPath(route: Pick<Route, 'path'>): string {
  return route.path.replace(/\{(\w+)\}/g, ':$1');
}

/** A POST without arguments still sends a JSON object: browsers cannot do that across sites without asking. */
export const noArguments = z.strictObject({});

/** What most routes take and give. */
export const nothing = { params: z.strictObject({}), query: z.strictObject({}), headers: z.object({}), body: null, errors: [] } as const;

/** An answer of one JSON document. */
export function json<S extends z.ZodType>(status: number, description: string, schema: S) {
  return { status, description, content: { 'application/json': schema } } as const satisfies RouteAnswer;
}
