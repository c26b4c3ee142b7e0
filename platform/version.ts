import { readFileSync } from 'node:fs';

/** Version of this installation, from its package.json: one folder up from the sources, two from `dist/`. `unknown` when neither is there. */
export const VERSION = readVersion();

function readVersion(): string {
  for (const candidate of ['../package.json', '../../package.json']) {
    const manifest = readJson(new URL(candidate, import.meta.url));
    if (typeof manifest !== 'object' || manifest === null || !('name' in manifest) || manifest.name !== 'grove') continue;
    if ('version' in manifest && typeof manifest.version === 'string') return manifest.version;
  }
  return 'unknown';
}

function readJson(url: URL): unknown {
  try {
    return JSON.parse(readFileSync(url, 'utf8'));
  } catch {
    return undefined;
  }
}
