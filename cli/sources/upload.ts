import { createReadStream } from 'node:fs';
import type { GroveClient, UploadRange, UploadSource } from '../../api/client.ts';
import type { FileMap } from '../../domain/manifest.ts';
import { sha256File } from '../../platform/sha256.ts';
import type { Terminal } from '../output.ts';
import type { LocalFile } from './model-folder.ts';

/** Hashes files here and stores those the farm does not have; answers them as a job names them. */
export async function uploadLocalFiles(client: GroveClient, files: readonly LocalFile[], terminal: Terminal): Promise<FileMap> {
  if (files.length === 0) return {};
  const sources = await Promise.all(files.map(hashed));
  const totalBytes = sources.reduce((sum, source) => sum + source.sizeBytes, 0);
  let lastTenth = -1;
  const uploaded = await client.uploadFiles(sources, {
    onProgress: ({ sentBytes }) => {
      const tenth = Math.floor((10 * sentBytes) / Math.max(1, totalBytes));
      if (tenth <= lastTenth || totalBytes < 10_000_000) return;
      lastTenth = tenth;
      terminal.error(`uploading ${(totalBytes / 1e6).toFixed(0)} MB: ${tenth * 10} %`);
    },
  });
  return uploaded;
}

async function hashed({ path, file }: LocalFile): Promise<UploadSource> {
  return { path, ...(await sha256File(file)), open: (range) => readRange(file, range) };
}

async function* readRange(file: string, { firstByte, sizeBytes }: UploadRange): AsyncGenerator<Uint8Array> {
  if (sizeBytes > 0) yield* createReadStream(file, { start: firstByte, end: firstByte + sizeBytes - 1, highWaterMark: 1_048_576 });
}
