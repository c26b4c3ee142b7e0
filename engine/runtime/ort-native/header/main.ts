import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiFunctions, apiVersion } from './api-struct.ts';
import { renderExtract, renderTable } from './render.ts';

/**
 * Writes the table of ONNX Runtime's functions. Without an argument from the extract beside this file; with the path of a public
 * `onnxruntime_c_api.h` the extract is made anew first.
 */
const extractPath = join(import.meta.dirname, 'ort-api.h');
const [headerPath] = process.argv.slice(2);
if (headerPath !== undefined) {
  const header = readFileSync(headerPath, 'utf8');
  const source = { version: apiVersion(header), digest: createHash('sha256').update(header).digest('hex') };
  writeFileSync(extractPath, renderExtract(apiFunctions(header), source));
}
const extract = readFileSync(extractPath, 'utf8');
writeFileSync(join(import.meta.dirname, '..', 'ort-functions.ts'), renderTable(apiFunctions(extract), apiVersion(extract)));
