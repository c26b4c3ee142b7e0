import type { ApiFunction } from './api-struct.ts';
import { prototypeOf } from './prototype.ts';

const NOTICE = `// The function table of ONNX Runtime's C API: the declarations of struct OrtApi in onnxruntime_c_api.h, without its comments.
// Copyright (c) Microsoft Corporation. All rights reserved. Licensed under the MIT License.
// Made by \`npm run generate:ort-api -- HEADER\`; edit nothing here.`;

/** Which header an extract was made of. */
export interface HeaderSource {
  readonly version: number;
  /** SHA-256 of the header file. */
  readonly digest: string;
}

/** What the table is made of, small enough to keep: declarations in order, each with the version it came with. */
export function renderExtract(functions: readonly ApiFunction[], { version, digest }: HeaderSource): string {
  const lines = functions.map(({ declaration, since }, slot) =>
    since === (functions[slot - 1]?.since ?? 1) ? `  ${declaration};` : `  /// \\since Version 1.${since}\n  ${declaration};`,
  );
  return `${NOTICE}\n// Header's SHA-256: ${digest}\n#define ORT_API_VERSION ${version}\nstruct OrtApi {\n${lines.join('\n')}\n};\n`;
}

/** The module with one row a function. */
export function renderTable(functions: readonly ApiFunction[], version: number): string {
  const rows = functions.map((entry, slot) => `  ${entry.name}: [${slot}, ${entry.since}, '${prototypeOf(entry)}'],`);
  return `// Made by \`npm run generate:ort-api\` of header/ort-api.h; edit nothing here.

/** Version of the API the table is of. */
export const ORT_API_VERSION = ${version};

/** Function of ONNX Runtime's C API -> slot in its table, API version it came with, prototype. */
export const ORT_FUNCTIONS = {
${rows.join('\n')}
} as const;
`;
}
