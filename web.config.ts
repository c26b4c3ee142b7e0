import { defineConfig } from 'vite';

/** The web application: hashed files below `dist/web`, which the coordinator serves. Nothing of it is loaded from elsewhere. */
export default defineConfig({
  root: 'web',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    assetsDir: 'app',
    assetsInlineLimit: 0,
    license: { fileName: 'third-party-licenses.md' },
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
});
