import { randomBytes } from 'node:crypto';
import { fdatasync, write } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { AppendFile, Files } from '../domain/ports.ts';

/** Pauses before a rename is tried again on Windows, where a virus scanner or indexer may hold the file open for a moment. */
const RENAME_PAUSES_MS = [10, 20, 50, 100, 200, 400];

/** Only the owner may read durable state: it holds fencing tokens. */
const OWNER_ONLY = 0o600;

/** The real {@link Files}. What it writes survives a power cut once its promise has resolved: contents and folder entries are synced. */
export const systemFiles: Files = { read, writeAtomic, openAppend, list, remove, makeFolder };

async function read(path: string): Promise<Uint8Array | undefined> {
  return await unlessMissing(readFile(path));
}

async function writeAtomic(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeDurably(draft, bytes);
    await replace(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', OWNER_ONLY);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function replace(from: string, to: string): Promise<void> {
  for (const pauseMs of RENAME_PAUSES_MS) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      if (process.platform !== 'win32' || !['EPERM', 'EACCES', 'EBUSY'].includes(codeOf(error) ?? '')) throw error;
      await delay(pauseMs);
    }
  }
  await rename(from, to);
}

async function openAppend(path: string, sizeBytes?: number): Promise<AppendFile> {
  if (sizeBytes !== undefined) await cut(path, sizeBytes);
  const file = await open(path, 'a', OWNER_ONLY);
  try {
    await syncFolder(dirname(path));
  } catch (error) {
    await file.close();
    throw error;
  }
  return appendTo(file);
}

/** A file opened for appending cannot be cut on Windows, so it is cut through a handle of its own. */
async function cut(path: string, sizeBytes: number): Promise<void> {
  const file = await unlessMissing(open(path, 'r+'));
  if (file === undefined) return;
  try {
    if ((await file.stat()).size <= sizeBytes) return;
    await file.truncate(sizeBytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

const writeTo = promisify(write);
const syncData = promisify(fdatasync);

/** Through the plain calls: a journal makes thousands of them a second, and those of a handle cost twice as much. */
function appendTo(file: FileHandle): AppendFile {
  return {
    async append(bytes) {
      for (let written = 0; written < bytes.length; )
        written += (await writeTo(file.fd, bytes, written, bytes.length - written, null)).bytesWritten;
    },
    // The file's size is part of what fdatasync makes durable; times are not, and nobody needs them.
    sync: () => syncData(file.fd),
    close: () => file.close(),
  };
}

async function list(folder: string): Promise<readonly string[]> {
  return (await unlessMissing(readdir(folder))) ?? [];
}

async function remove(path: string): Promise<void> {
  await rm(path, { force: true });
}

async function makeFolder(path: string): Promise<void> {
  const firstMade = await mkdir(path, { recursive: true, mode: 0o700 });
  if (firstMade === undefined) return;
  for (let made = path; made.length >= firstMade.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Makes entries of a folder durable. Windows has no such call and needs none: NTFS journals its folders. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function unlessMissing<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
