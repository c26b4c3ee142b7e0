import { useEffect, useRef, useState } from 'preact/hooks';
import { FarmProblem, farm } from '../farm/farm.ts';

/** Characters that stay on the page: the end of a log is what is read. */
const MAX_CHARS = 200_000;
const RETRY_MS = 1_000;

/** The log of one attempt as it grows; a broken connection continues where it stopped. */
export function LogView({ taskId, attempt }: { readonly taskId: string; readonly attempt: number }) {
  const [text, setText] = useState('');
  const [end, setEnd] = useState('');
  const box = useRef<HTMLPreElement>(null);
  useEffect(() => {
    const stopped = new AbortController();
    const request = { taskId, attempt, signal: stopped.signal };
    const more = (chunk: string) => setText((before) => (before + chunk).slice(-MAX_CHARS));
    void follow(request, more).then(setEnd, () => {});
    return () => stopped.abort();
  }, [taskId, attempt]);
  useEffect(() => {
    const element = box.current;
    // Who has scrolled up is reading.
    if (element !== null && element.scrollHeight - element.scrollTop - element.clientHeight < 80) element.scrollTop = element.scrollHeight;
  }, [text]);
  return (
    <div class="log">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <pre ref={box} tabIndex={0} role="log" aria-label={`Log of attempt ${attempt}`}>
        {text === '' ? (end === '' ? '…' : 'The log is empty.') : text}
      </pre>
      <p class="muted small">
        {end === '' ? 'Follows the attempt.' : end} <a href={`/api/v1/tasks/${taskId}/logs?attempt=${attempt}`}>Whole log</a>
      </p>
    </div>
  );
}

interface Followed {
  readonly taskId: string;
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/** Hands on the text until the attempt ends; resolves with why it ended. Rejects when nobody reads any more. */
async function follow({ signal, ...request }: Followed, onText: (chunk: string) => void): Promise<string> {
  const decoder = new TextDecoder();
  let offset = 0;
  for (;;) {
    try {
      const response = await farm.followLog(request.taskId, { attempt: request.attempt, offset, signal });
      // Not `for await`: Safari's streams cannot be iterated.
      const reader = response.body?.getReader();
      for (let chunk = (await reader?.read())?.value; chunk !== undefined; chunk = (await reader?.read())?.value) {
        offset += chunk.byteLength;
        onText(decoder.decode(chunk, { stream: true }));
      }
      return 'The attempt has ended.';
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof FarmProblem && error.code !== 'unreachable') return error.message;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
