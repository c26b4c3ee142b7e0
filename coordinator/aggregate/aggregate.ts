import type { Sha256 } from '../../domain/json.ts';
import type { Matrix } from '../../domain/matrix.ts';
import type { Clock } from '../../domain/ports.ts';
import type { Catalogue } from '../../domain/recipe/catalogue.ts';
import { isEnd } from '../../domain/task-state.ts';
import type { ImportStore } from '../imports/import-store.ts';
import type { TaskRecord, TaskStore } from '../store/task-store.ts';
import { type BenchmarkView, viewBenchmark } from './benchmark-view.ts';
import { createRowDescriber } from './describe-row.ts';
import { foldCells } from './fold.ts';
import { withImported } from './imported-cells.ts';
import { KnownDevices } from './known-devices.ts';
import { layOut } from './layout.ts';
import { placeView } from './unit-result.ts';

export interface AggregateDeps {
  readonly store: Pick<TaskStore, 'benchmarks' | 'agents' | 'task' | 'curations'>;
  /** Results of other tools. */
  readonly imports: Pick<ImportStore, 'results'>;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly sha256: Sha256;
}

/**
 * The matrix of every benchmark up to now. Views of tasks are remembered by their records, which never change, so a call computes only what is new.
 */
export function createAggregate(deps: AggregateDeps): () => Promise<Matrix> {
  const views = new WeakMap<TaskRecord, BenchmarkView>();
  const describeRow = createRowDescriber(deps.catalogue, deps.sha256);
  const viewOf = async (task: TaskRecord, read: ReadTask): Promise<readonly BenchmarkView[]> => {
    const known = views.get(task);
    if (known !== undefined) return [known];
    if (task.spec.kind !== 'benchmark') return [];
    const view = viewBenchmark(task, task.spec, await endedNeeds(task, read));
    views.set(task, view);
    return [view];
  };
  return async () => {
    const [tasks, agents, curations, imported] = await Promise.all([
      deps.store.benchmarks(),
      deps.store.agents(),
      deps.store.curations(),
      deps.imports.results(),
    ]);
    const devices = new KnownDevices(agents, deps.sha256);
    const read = readOnce(deps.store);
    const viewed = await Promise.all(tasks.map((task) => viewOf(task, read)));
    const cells = foldCells(
      viewed.flat().map((view) => placeView(view, devices)),
      { devices, sha256: deps.sha256, curations },
    );
    return { schemaVersion: 3, generatedAt: deps.clock.now(), ...withImported(layOut(cells, describeRow), imported, deps.sha256) };
  };
}

type ReadTask = AggregateDeps['store']['task'];

/** Benchmarks share their conversions: each is read once. */
function readOnce(store: AggregateDeps['store']): ReadTask {
  const known = new Map<string, ReturnType<ReadTask>>();
  return (taskId) => {
    const reading = known.get(taskId) ?? store.task(taskId);
    known.set(taskId, reading);
    return reading;
  };
}

/** What an ended benchmark needed: its conversion, and what kept it from running. One that is under way is viewed again when it ends. */
async function endedNeeds({ state, needs }: TaskRecord, read: ReadTask): Promise<readonly TaskRecord[]> {
  const tasks = isEnd(state) ? await Promise.all(needs.map(read)) : [];
  return tasks.filter((task) => task !== undefined);
}
