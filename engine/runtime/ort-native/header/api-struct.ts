/** One function of the structure `OrtApi`, which is a table of pointers that only ever grows at its end. */
export interface ApiFunction {
  readonly name: string;
  /** API version it came with: what its documentation says, or that of a function before it, since the table only grows. */
  readonly since: number;
  /** C declaration without comments and annotations of what it throws: `ORT_API2_STATUS(CreateEnv, OrtLoggingLevel level, ...)`. */
  readonly declaration: string;
}

const STRUCT = /struct OrtApi\s*\{/;
const NAME = /^ORT_API2_STATUS\(\s*(\w+)|^ORT_CLASS_RELEASE\(\s*(\w+)|^ORT_API_T\([^,]+,\s*(\w+)|\(ORT_API_CALL\s*\*\s*(\w+)\)/;

/** Version of the API that a header declares. Throws Error when it does not say. */
export function apiVersion(header: string): number {
  const version = /^#define ORT_API_VERSION (\d+)$/m.exec(header)?.[1];
  if (version === undefined) throw new Error('the header defines no ORT_API_VERSION');
  return Number(version);
}

/**
 * The functions of `OrtApi` in the order of the table, from a public header or the extract made of one. Throws Error for a declaration of an
 * unknown form: a missed one would move every slot behind it.
 */
export function apiFunctions(header: string): readonly ApiFunction[] {
  let since = 1;
  const functions: ApiFunction[] = [];
  for (const part of structBody(header).matchAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*|[^;/#]+;/gm)) {
    const text = part[0].trim();
    if (text.startsWith('/')) since = Math.max(since, Number(/\\since Version 1\.(\d+)/i.exec(text)?.[1] ?? 1));
    else if (!text.startsWith('#')) functions.push(apiFunction(text, since));
  }
  return functions;
}

function structBody(header: string): string {
  const start = STRUCT.exec(header);
  const end = start === null ? -1 : header.indexOf('\n};', start.index);
  if (start === null || end === -1) throw new Error('the header has no struct OrtApi');
  return header.slice(start.index + start[0].length, end);
}

function apiFunction(text: string, since: number): ApiFunction {
  const declaration = text
    .slice(0, -1)
    .replace(/\s+/g, ' ')
    .replace(/ ?NO_EXCEPTION| ?ORT_ALL_ARGS_NONNULL/g, '')
    .trim();
  const match = NAME.exec(declaration);
  if (match === null) throw new Error(`unknown form of declaration: ${declaration}`);
  const [, status, released, typed, pointer] = match;
  return { name: status ?? (released === undefined ? (typed ?? pointer ?? '') : `Release${released}`), since, declaration };
}
