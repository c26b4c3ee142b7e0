import { type Request, type RequestHandler, text } from 'express';
import { GroveError } from '../../../domain/errors.ts';
import type { Clock } from '../../../domain/ports.ts';
import { readRecipeJson } from '../../../domain/recipe/read-json.ts';

/** Bounds on one body. */
export interface JsonBodyOptions {
  readonly limitBytes: number;
  /** Longest time a client may take to send the whole body. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * Reads a JSON body into `req.body`. Throws `invalid-request` for another content type, compressed bodies and text that is not JSON (with line and
 * column), `body-too-large` beyond the limit. A body that dribbles in ends the connection.
 */
export function jsonBody({ limitBytes, timeoutMs, clock }: JsonBodyOptions): readonly RequestHandler[] {
  const readText = text({ type: () => true, limit: limitBytes, inflate: false });
  const requireJson: RequestHandler = (req, _res, next) => {
    if (mediaTypeOf(req) !== 'application/json') {
      throw new GroveError('invalid-request', { problem: `header content-type: must be application/json, not "${mediaTypeOf(req)}"` });
    }
    const deadline = clock.after(timeoutMs, () => req.destroy());
    req.once('close', () => deadline.cancel());
    req.once('end', () => deadline.cancel());
    next();
  };
  const parse: RequestHandler = (req, _res, next) => {
    req.body = parseJson(typeof req.body === 'string' ? req.body : '');
    next();
  };
  return [requireJson, readText, parse];
}

function mediaTypeOf(req: Request): string {
  return (req.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new GroveError('invalid-request', { problem: `the body is not JSON: ${placeOfMistake(body)}` }, { cause });
  }
}

/** The recipe reader knows line and column, where V8's message often has none. */
function placeOfMistake(body: string): string {
  try {
    readRecipeJson(body, 'body');
  } catch (error) {
    if (error instanceof GroveError && error.code === 'recipe-not-json') return String(error.params['problem']);
  }
  return 'the place is unknown';
}
