import type { ErrorRequestHandler, RequestHandler } from 'express';
import { PROBLEM_CONTENT_TYPE, problemOf } from '../../../api/problem.ts';
import { GroveError, toGroveError } from '../../../domain/errors.ts';
import type { RestLog } from '../deps.ts';
import { requestIdOf } from './request-id.ts';

/** Answers for paths and methods that no route has. */
export const noSuchRoute: RequestHandler = (req) => {
  throw new GroveError('not-found', { kind: 'operation', id: `${req.method} ${req.path}` });
};

/**
 * Turns whatever was thrown into a problem document. Unexpected errors are logged whole and answered without their text: it may hold paths or data of
 * somebody else.
 */
export function problems(log: RestLog, limits: { readonly bodyBytes: number }): ErrorRequestHandler {
  // biome-ignore lint/complexity/useMaxParams: Express knows an error handler by its four parameters
  return (thrown: unknown, req, res, _next) => {
    // The client has gone: nobody to answer, and its leaving is no failure of ours.
    if (res.destroyed) return;
    const requestId = requestIdOf(res);
    const error = fromExpress(thrown, limits) ?? toGroveError(thrown);
    if (error.code === 'internal') log.requestFailed({ requestId, method: req.method, path: req.path, error: thrown });
    // The status line is gone: only a broken connection tells the client that the answer is not whole.
    if (res.headersSent) {
      res.destroy();
      return;
    }
    const told =
      error.code === 'internal'
        ? new GroveError('internal', { problem: `the coordinator log has more under request ${requestId}` })
        : error;
    res
      .status(told.spec.http)
      .type(PROBLEM_CONTENT_TYPE)
      .send(JSON.stringify(problemOf(told, requestId)));
  };
}

/** Errors that Express and its body reader raise by themselves carry an HTTP status. */
function fromExpress(thrown: unknown, { bodyBytes }: { readonly bodyBytes: number }): GroveError | undefined {
  if (thrown instanceof GroveError || !(thrown instanceof Error) || !('status' in thrown)) return undefined;
  if (thrown.status === 413) return new GroveError('body-too-large', { limitBytes: bodyBytes });
  const { status } = thrown;
  return typeof status === 'number' && status >= 400 && status < 500
    ? new GroveError('invalid-request', { problem: thrown.message })
    : undefined;
}
