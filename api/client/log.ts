import { ROUTES } from '../routes.ts';
import type { Http } from './http.ts';
import { Reconnector } from './stream.ts';

/** Which log, and when to stop. */
export interface LogOptions {
  /** Default: the newest attempt. */
  readonly attempt?: number;
  /** Ends a follow. */
  readonly signal?: AbortSignal;
}

/** The log of one attempt as it is now. */
export async function readLog(http: Http, taskId: string, options: LogOptions): Promise<string> {
  const response = await http.stream(ROUTES.taskLog, requestOf(taskId, { ...options, offset: 0, follow: '0' }));
  return response.text();
}

/**
 * Text of one attempt's log until the attempt ends; a broken connection continues where it stopped, at the byte. Chunks may end inside a line, never
 * inside a character. Throws when the farm refuses (`not-found`).
 */
export async function* followLog(http: Http, taskId: string, options: LogOptions): AsyncGenerator<string> {
  const reconnector = new Reconnector(http);
  const decoder = new TextDecoder();
  let offset = 0;
  while (options.signal?.aborted !== true) {
    try {
      const response = await http.stream(ROUTES.taskLog, requestOf(taskId, { ...options, offset, follow: '1' }));
      reconnector.contact();
      for await (const chunk of response.body ?? []) {
        offset += chunk.byteLength;
        const text = decoder.decode(chunk, { stream: true });
        if (text !== '') yield text;
      }
      return;
    } catch (error) {
      await reconnector.afterFailure(error, options.signal);
    }
  }
}

interface LogRequest extends LogOptions {
  /** Bytes received already. */
  readonly offset: number;
  readonly follow: '0' | '1';
}

function requestOf(taskId: string, { attempt, signal, offset, follow }: LogRequest) {
  return { params: { taskId }, query: { attempt, follow, offset }, ...(signal === undefined ? {} : { signal }) };
}
