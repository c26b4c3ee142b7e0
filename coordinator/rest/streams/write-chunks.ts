import type { Writable } from 'node:stream';

/** Writes one chunk and resolves when the stream can take more, or is gone. */
export function writeChunk(stream: Writable, chunk: Uint8Array | string): Promise<void> {
  if (stream.destroyed || stream.write(chunk)) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = () => {
      stream.off('drain', settle);
      stream.off('close', settle);
      resolve();
    };
    stream.on('drain', settle);
    stream.on('close', settle);
  });
}

/** Writes every chunk at the reader's pace; stops when `signal` aborts. Does not end the stream. */
export async function writeChunks(stream: Writable, chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  for await (const chunk of chunks) {
    if (signal.aborted) return;
    await writeChunk(stream, chunk);
  }
}
