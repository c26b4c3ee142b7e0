/** One server-sent event after parsing. */
export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly type: string;
  readonly data: string;
}

/** Longest event a client keeps in memory, in characters. */
const MAX_EVENT_CHARS = 4_194_304;

/**
 * Reads a `text/event-stream` body (WHATWG HTML, section 9.2.6). Comments, and fields it does not know, are dropped. Throws RangeError when one event
 * is larger than 4 MiB.
 */
export async function* readServerSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let id: string | undefined;
  let type = '';
  let data: string[] = [];
  let size = 0;
  for await (const line of readLines(body)) {
    size += line.length;
    if (size > MAX_EVENT_CHARS) throw new RangeError(`a server-sent event is larger than ${MAX_EVENT_CHARS} characters`);
    if (line === '') {
      if (data.length > 0) yield { id, type: type === '' ? 'message' : type, data: data.join('\n') };
      type = '';
      data = [];
      size = 0;
      continue;
    }
    const [field, value] = splitField(line);
    if (field === 'data') data.push(value);
    else if (field === 'event') type = value;
    else if (field === 'id') id = value;
  }
}

function splitField(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  if (colon < 0) return [line, ''];
  const value = line.slice(colon + 1);
  return [line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value];
}

async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    // A CR at the end of a chunk may be half of a CRLF: it stays with the rest until the next chunk decides.
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    if (rest.length > MAX_EVENT_CHARS) throw new RangeError(`a line is longer than ${MAX_EVENT_CHARS} characters`);
    yield* lines;
  }
}
