import type { Child, Spawner } from '../../domain/ports.ts';
import { OpenVinoWorker } from './openvino-worker.ts';

/** What a scripted worker answers a request with: a value, or one line as it is. */
export type Answer = (request: { readonly id: number; readonly op: string }) => object | string;

/** A worker whose process is a script: it answers each request, and ends after `requests` of them. */
export function scriptedWorker(cwd: string, answer: Answer, requests = Number.POSITIVE_INFINITY): OpenVinoWorker {
  const place = { id: 'openvino-aaaaaaaaaaaa', python: 'python', env: {} };
  return new OpenVinoWorker(place, { spawner: scripted(answer, requests), cwd, signal: new AbortController().signal, log: () => {} });
}

function scripted(answer: Answer, requests: number): Spawner {
  return {
    spawn(): Child {
      const lines: string[] = [];
      let [left, wake] = [requests, () => {}];
      return {
        pid: 1,
        stdout: (async function* () {
          for (;;) {
            while (lines.length > 0) yield lines.shift() ?? '';
            if (left <= 0) return;
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        })(),
        stderr: (async function* () {})(),
        write: (text) => {
          const request = JSON.parse(text);
          const value = answer(request);
          left -= 1;
          if (left >= 0) lines.push(typeof value === 'string' ? value : JSON.stringify({ id: request.id, type: 'result', value }));
          wake();
        },
        kill: () => {},
        exited: new Promise(() => {}),
      };
    },
  };
}
