import type { Child, Spawner, SpawnRequest } from '../domain/ports.ts';

/** How a scripted program behaves: what it prints and how it ends; undefined: there is no such program. */
export type Script = (
  request: SpawnRequest,
) => { readonly out?: readonly string[]; readonly err?: readonly string[]; readonly code?: number } | undefined;

/** A spawner whose programs are scripts, and what it was asked to start. */
export function scriptedSpawner(script: Script): Spawner & { readonly started: SpawnRequest[] } {
  const started: SpawnRequest[] = [];
  return {
    started,
    spawn(request): Child {
      const played = script(request);
      if (played === undefined) throw new Error(`there is no ${request.file}`);
      started.push(request);
      const { out = [], err = [], code = 0 } = played;
      return {
        pid: 1,
        stdout: linesOf(out),
        stderr: linesOf(err),
        write: () => {},
        kill: () => {},
        exited: Promise.resolve({ code, signal: null }),
      };
    },
  };
}

async function* linesOf(lines: readonly string[]): AsyncGenerator<string, void, undefined> {
  yield* lines;
}
