import { createInterface } from 'node:readline/promises';
import { readSecret } from '../platform/read-secret.ts';

/** The token from `GROVE_TOKEN`, `GROVE_TOKEN_FILE` or the first line of standard input; null for an empty line. */
export async function readToken(env: Readonly<Record<string, string | undefined>>): Promise<string | null> {
  const given = await readSecret('GROVE_TOKEN', env);
  if (given !== null) return given;
  if (process.stdin.isTTY) process.stderr.write('Token: ');
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return line.trim() || null;
    return null;
  } finally {
    lines.close();
  }
}
