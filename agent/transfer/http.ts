import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { rootCertificates } from 'node:tls';
import { GroveError } from '../../domain/errors.ts';

/** Without a byte for this long a transfer is broken. */
const IDLE_MS = 60_000;
/** Error answers are read up to this for the log. */
const MAX_ERROR_CHARS = 2_000;

/** One HTTP exchange of a file. */
export interface Transfer {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Path on this machine. */
  readonly path: string;
  /** What it is, for messages: never the URL, whose query is a capability. */
  readonly what: string;
  readonly signal: AbortSignal;
  /** PEM of an authority that is trusted beside the public ones. */
  readonly authority: string | null;
  /** Bytes moved so far, an earlier part included. */
  onBytes?(bytes: number): void;
}

/**
 * Downloads into a file, continuing one that is there (HTTP Range; a server that ignores it makes the file start again). Stops beyond `maxBytes`.
 * Throws `transfer-failed`, or the signal's reason.
 */
export async function downloadFile(transfer: Transfer, maxBytes: number): Promise<void> {
  const file = await open(transfer.path, 'a+');
  try {
    const { size } = await file.stat();
    if (size === maxBytes && size > 0) return;
    const response = await exchange(transfer, {
      method: 'GET',
      headers: { ...transfer.headers, ...(size > 0 && { range: `bytes=${size}-` }) },
    });
    if (response.statusCode === 416) await file.truncate(0);
    if (response.statusCode !== 200 && response.statusCode !== 206) throw await failed(transfer, response);
    if (response.statusCode === 200) await file.truncate(0);
    await appendBody(response, file, { transfer, offset: response.statusCode === 206 ? size : 0, maxBytes });
  } catch (error) {
    throw translated(error, transfer);
  } finally {
    await file.close();
  }
}

/** Bytes of a file. */
export interface FileRange {
  readonly firstByte: number;
  readonly sizeBytes: number;
}

/** Uploads a range of a file. Throws `transfer-failed`, or the signal's reason. */
export async function uploadFile(transfer: Transfer, range: FileRange): Promise<void> {
  try {
    const headers = { ...transfer.headers, 'content-length': String(range.sizeBytes) };
    const response = await exchange(transfer, { method: 'PUT', headers }, range);
    if (response.statusCode === undefined || response.statusCode >= 300) throw await failed(transfer, response);
    response.resume();
  } catch (error) {
    throw translated(error, transfer);
  }
}

async function appendBody(
  body: IncomingMessage,
  file: FileHandle,
  { transfer, offset, maxBytes }: { readonly transfer: Transfer; readonly offset: number; readonly maxBytes: number },
): Promise<void> {
  let total = offset;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    total += chunk.byteLength;
    if (total > maxBytes)
      throw new GroveError('transfer-failed', { what: transfer.what, problem: `more than its ${maxBytes} bytes arrived` });
    await file.appendFile(chunk);
    transfer.onBytes?.(total);
  }
}

/** Sends the request, with a range of the file as body when one is given, and resolves with the answer's head. */
function exchange(transfer: Transfer, options: RequestOptions, body?: FileRange): Promise<IncomingMessage> {
  const url = new URL(transfer.url);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const trust = transfer.authority === null ? {} : { ca: [...rootCertificates, transfer.authority] };
  return new Promise((resolve, reject) => {
    const request = send(url, { ...options, ...trust, signal: transfer.signal, timeout: IDLE_MS }, resolve);
    request.on('timeout', () => request.destroy(new Error(`nothing moved for ${IDLE_MS} ms`)));
    request.on('error', reject);
    if (body === undefined || body.sizeBytes === 0) request.end();
    else
      pipeline(createReadStream(transfer.path, { start: body.firstByte, end: body.firstByte + body.sizeBytes - 1 }), request).catch(reject);
  });
}

async function failed({ what }: Transfer, response: IncomingMessage): Promise<GroveError> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.length > MAX_ERROR_CHARS) break;
  }
  return new GroveError('transfer-failed', { what, problem: `HTTP ${response.statusCode} ${text.slice(0, 200)}`.trim() });
}

function translated(error: unknown, { what, signal }: Transfer): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof GroveError) return error;
  return new GroveError('transfer-failed', { what, problem: error instanceof Error ? error.message : String(error) }, { cause: error });
}
