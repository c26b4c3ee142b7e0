import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { GroveError } from '../domain/errors.ts';
import type { Child, ChildExit, Spawner, SpawnRequest } from '../domain/ports.ts';
import { LineTooLongError, readLines } from './lines.ts';
import { killTree } from './process-tree.ts';

/** Longest line a child may write unless {@link createSpawner} is told otherwise. Results of a stage travel as one line. */
const DEFAULT_MAX_LINE_CHARS = 4_194_304;

/** Starts real processes: no shell, a complete environment, pipes for all three streams, a process group of their own on POSIX. */
export function createSpawner(options: { readonly maxLineChars?: number } = {}): Spawner {
  const maxLineChars = options.maxLineChars ?? DEFAULT_MAX_LINE_CHARS;
  return { spawn: (request) => startChild(request, maxLineChars) };
}

function startChild(request: SpawnRequest, maxLineChars: number): Child {
  const started = spawn(request.file, [...request.args], {
    cwd: request.cwd,
    env: { ...request.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
    shell: false,
  });
  const exited = exitOf(started);
  // A child that died makes writes fail with EPIPE; its exit is the news, not this.
  started.stdin.on('error', () => {});
  const { pid } = started;
  if (pid === undefined) throw new GroveError('child-crashed', { stage: request.file, how: 'it could not be started' });
  let ended = false;
  started.once('exit', () => {
    // Descendants must not outlive the child. Later the pid may belong to someone else, so this is also the last time it is used.
    killTree(pid);
    ended = true;
  });
  const kill = () => {
    if (!ended) killTree(pid);
  };
  return {
    pid,
    stdout: linesOrKill(started.stdout, maxLineChars, kill),
    stderr: linesOrKill(started.stderr, maxLineChars, kill),
    write: (text) => void started.stdin.write(text),
    kill,
    exited,
  };
}

function exitOf(child: ChildProcessWithoutNullStreams): Promise<ChildExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
}

async function* linesOrKill(
  stream: ChildProcessWithoutNullStreams['stdout'],
  maxLineChars: number,
  kill: () => void,
): AsyncGenerator<string, void, undefined> {
  try {
    yield* readLines(stream, maxLineChars);
  } catch (error) {
    kill();
    if (!(error instanceof LineTooLongError)) throw error;
  }
}
