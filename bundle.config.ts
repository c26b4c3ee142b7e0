import { defineConfig } from 'vite';

/**
 * What the `grove` binary and its child processes run: few files instead of some 550 modules, half of what starting costs. Packages with native or data
 * files stay outside, and so does what starting does not load; the licences of those inside are written beside.
 */
export default defineConfig({
  logLevel: 'warn',
  ssr: { noExternal: ['@bufbuild/protobuf', '@huggingface/tokenizers', 'cli-progress', 'cli-table3', 'commander', 'zod'] },
  build: {
    ssr: true,
    outDir: 'dist/bundle',
    license: { fileName: 'third-party-licenses.md' },
    minify: false,
    // Read by Node with NODE_OPTIONS=--enable-source-maps; names of functions are kept anyway.
    sourcemap: true,
    target: 'node20',
    rollupOptions: {
      input: { grove: 'cli/main.ts', 'child-main': 'agent/runner/child-main.ts' },
      output: { chunkFileNames: '[name]-[hash].js' },
    },
  },
});
