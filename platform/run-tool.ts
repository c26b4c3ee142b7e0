import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Vendors' tools answer within a second; one that asks a stuck driver never does. */
const TIMEOUT_MS = 10_000;
const MAX_OUTPUT_BYTES = 4_194_304;

/** What a program on the PATH says on its standard output; undefined when it is absent, fails or takes too long. No shell sees the arguments. */
export async function runTool(file: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run(file, [...args], {
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_OUTPUT_BYTES,
      windowsHide: true,
    });
    return stdout.trim();
  } catch {
    return undefined;
  }
}
