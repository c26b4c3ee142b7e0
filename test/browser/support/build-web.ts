import { build } from 'vite';

/** The application as it is in the sources: a browser must never be shown an older one. */
export async function setup(): Promise<void> {
  await build({ configFile: 'web.config.ts' });
}
