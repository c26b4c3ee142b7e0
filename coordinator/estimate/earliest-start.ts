/** A place where tasks run one after another. Whole milliseconds. */
export interface Server {
  /** From now until it has nothing to do that goes first. */
  readonly freeMs: number;
  /** How long each task takes there; undefined when nobody knows. */
  readonly taskMs: number | undefined;
}

export interface Start<S extends Server> {
  readonly startMs: number;
  /** Where. */
  readonly server: S;
}

/**
 * When the task behind `ahead` others starts, if each of them in turn goes where a place is free first. The starts of a place are `freeMs + k taskMs`,
 * so that the answer is found by halving and costs the same however many are ahead. A place of unknown `taskMs` is counted for one start. Undefined
 * when there is no place, or too few known ones for the tasks ahead.
 */
export function earliestStart<S extends Server>(servers: readonly S[], ahead: number): Start<S> | undefined {
  const wanted = Math.max(0, Math.floor(ahead)) + 1;
  let late = latestStart(servers, wanted);
  if (late === undefined) return undefined;
  let early = 0;
  while (early < late) {
    const middle = Math.floor((early + late) / 2);
    if (startsUntil(servers, middle) >= wanted) late = middle;
    else early = middle + 1;
  }
  const server = servers.find((one) => startsAt(one, early));
  return server === undefined ? undefined : { startMs: early, server };
}

/** A time by which enough starts have happened. */
function latestStart(servers: readonly Server[], wanted: number): number | undefined {
  const alone = servers.flatMap(({ freeMs, taskMs }) => (taskMs === undefined ? [] : [freeMs + (wanted - 1) * taskMs]));
  const nth = servers.map(({ freeMs }) => freeMs).sort((a, b) => a - b)[wanted - 1];
  const bounds = nth === undefined ? alone : [...alone, nth];
  return bounds.length === 0 ? undefined : Math.min(...bounds);
}

function startsUntil(servers: readonly Server[], timeMs: number): number {
  return servers.reduce((sum, server) => sum + startsOf(server, timeMs), 0);
}

function startsOf({ freeMs, taskMs }: Server, timeMs: number): number {
  if (timeMs < freeMs) return 0;
  if (taskMs === undefined) return 1;
  return taskMs === 0 ? Number.POSITIVE_INFINITY : Math.floor((timeMs - freeMs) / taskMs) + 1;
}

function startsAt(server: Server, timeMs: number): boolean {
  return startsOf(server, timeMs) > startsOf(server, timeMs - 1);
}
