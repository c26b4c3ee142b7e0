import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { INSTALLATION_FOLDER } from './installation.ts';

/** Version of this installation, from its package.json; `unknown` when that is not there. */
export const VERSION = readVersion();

function readVersion(): string {
  const manifest = readJson(join(INSTALLATION_FOLDER, 'package.json'));
  if (typeof manifest !== 'object' || manifest === null || !('name' in manifest) || manifest.name !== 'grove') return 'unknown';
  return 'version' in manifest && typeof manifest.version === 'string' ? manifest.version : 'unknown';
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
