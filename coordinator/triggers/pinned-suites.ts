import type { Device } from '../../domain/device.ts';
import { GroveError } from '../../domain/errors.ts';
import { digestOf, type Sha256 } from '../../domain/json.ts';
import type { Matrix } from '../../domain/matrix.ts';
import type { PastResult } from '../../domain/past-result.ts';
import { SYSTEM_PRINCIPAL } from '../../domain/principal.ts';
import { formatCondition } from '../../domain/selector/format.ts';
import { refuseCondition } from '../../domain/selector/match.ts';
import type { Pin, Suite } from '../../domain/suite.ts';
import type { AgentRecord } from '../store/task-store.ts';
import type { SubmitForSuite } from './run-suite.ts';
import { type FindDevices, suiteRequests } from './suite-requests.ts';

/** Decisions remembered; all are forgotten when there are more, and made again. */
const MAX_DECIDED = 50_000;

export interface PinnedSuitesDeps {
  readonly suites: readonly Suite[];
  pins(): Promise<readonly Pin[]>;
  agents(): Promise<readonly AgentRecord[]>;
  /** The matrix of every result up to now. */
  matrix(): Promise<Matrix>;
  /** Ended benchmarks of a cell, newest first. */
  history(cellId: string): Promise<readonly PastResult[] | undefined>;
  findDevices(): Promise<FindDevices>;
  readonly submit: SubmitForSuite;
  environmentOf(agent: AgentRecord, device: Device): string;
  readonly sha256: Sha256;
  onTriggered(what: { readonly suite: string; readonly device: string; readonly jobIds: readonly string[]; readonly reason: string }): void;
  onError(what: { readonly suite: string; readonly device: string }, error: unknown): void;
}

/** A device that a pin means, with its environment. */
interface Subject {
  readonly suite: Suite;
  readonly device: string;
  readonly environmentId: string;
  readonly where: readonly string[];
}

/**
 * Runs pinned suites on devices whose environment is not that of their last results. Suite, device, environment and the last result of another
 * environment decide the idempotency key: a change makes its jobs once, on however many coordinators and after whatever restarts, and an environment that
 * comes back after another one was measured is a change again. What has been decided is not looked up again while this coordinator lives and the
 * environment stays: a fleet that reconnects costs no look at the matrix. Returns the look.
 */
export function createPinnedSuites(deps: PinnedSuitesDeps): () => Promise<void> {
  /** Suite and device -> the environment for which nothing is left to decide. */
  const decided = new Map<string, string>();
  const isDecided = (subject: Subject) => decided.get(placeOf(subject)) === subject.environmentId;
  return async () => {
    const pins = await deps.pins();
    if (pins.length === 0) return;
    const subjects = (await subjectsOf(deps, pins)).filter((subject) => !isDecided(subject));
    if (subjects.length === 0) return;
    const [matrix, devicesOf] = await Promise.all([deps.matrix(), deps.findDevices()]);
    for (const subject of subjects) {
      if (!(await decide(deps, subject, { matrix, devicesOf }))) continue;
      if (decided.size >= MAX_DECIDED) decided.clear();
      decided.set(placeOf(subject), subject.environmentId);
    }
  };
}

async function subjectsOf({ suites, agents, environmentOf }: PinnedSuitesDeps, pins: readonly Pin[]): Promise<readonly Subject[]> {
  const connected = (await agents()).filter(({ connection }) => connection === 'connected');
  return pins.flatMap((pin) => {
    const suite = suites.find(({ name }) => name === pin.suite);
    if (suite === undefined) return [];
    const where = pin.where.map(formatCondition);
    return connected.flatMap((agent) =>
      agent.devices
        .filter((device) => isMeant(pin, device))
        .map((device) => ({ suite, device: device.name, environmentId: environmentOf(agent, device), where })),
    );
  });
}

function isMeant({ units, where }: Pin, { name, profile }: Device): boolean {
  if (units !== null && !units.includes(name)) return false;
  return where.every((condition) => refuseCondition(condition, profile) === undefined);
}

function placeOf({ suite, device }: Subject): string {
  return JSON.stringify([suite.name, device]);
}

/** `before`: the last result of another environment, null when there is none. */
function keyOf({ suite, device, environmentId }: Subject, before: string | null, sha256: Sha256): string {
  return digestOf([suite.name, device, environmentId, ...(before === null ? [] : [before])], sha256);
}

interface Look {
  readonly matrix: Matrix;
  readonly devicesOf: FindDevices;
}

/** Whether nothing is left to decide. An error that may pass is thrown, so that the look is repeated. */
async function decide(deps: PinnedSuitesDeps, subject: Subject, { matrix, devicesOf }: Look): Promise<boolean> {
  const { suite, device, where } = subject;
  const { requests } = suiteRequests(suite, { on: { units: [device] }, where, priority: 'sweep' }, devicesOf);
  const found = requests.flatMap(({ recipes, tier = 'standard' }) =>
    recipes.flatMap((recipe) => ('catalogueId' in recipe ? [cellsOf(matrix, { recipeId: recipe.catalogueId, tier })] : [])),
  );
  const standings = found.map((cells) => standingOf(cells, device));
  if (standings.length === 0 || standings.every((standing) => standing === 'current')) return true;
  const why = standings.includes('stale') ? `environment of ${device} changed` : `${device} has no result of it in its environment`;
  const before = await lastOfAnother(deps, subject, found.flat());
  return submitAll(deps, subject, { requests, before, reason: `suite ${suite.name}: ${why}` });
}

/** Task of the newest result that these cells have of the device in another environment. It stays the same until the device has another one again. */
async function lastOfAnother(
  { history }: PinnedSuitesDeps,
  { device, environmentId }: Subject,
  cells: readonly MatrixCell[],
): Promise<string | null> {
  const histories = await Promise.all([...new Set(cells.map(({ id }) => id))].map(async (id) => (await history(id)) ?? []));
  const others = histories
    .flat()
    .filter((past) => past.unit === device && past.environmentId !== null && past.environmentId !== environmentId);
  return (
    others.reduce<PastResult | undefined>((last, past) => (last === undefined || isLater(past, last) ? past : last), undefined)?.taskId ??
    null
  );
}

function isLater(a: PastResult, b: PastResult): boolean {
  return a.at > b.at || (a.at === b.at && a.taskId > b.taskId);
}

interface Triggered {
  readonly requests: ReturnType<typeof suiteRequests>['requests'];
  readonly before: string | null;
  readonly reason: string;
}

async function submitAll(deps: PinnedSuitesDeps, subject: Subject, { requests, before, reason }: Triggered): Promise<boolean> {
  const what = { suite: subject.suite.name, device: subject.device };
  const key = keyOf(subject, before, deps.sha256);
  const cause = { kind: 'environment', reason } as const;
  const jobIds: string[] = [];
  try {
    for (const [index, request] of requests.entries()) {
      const context = { principal: SYSTEM_PRINCIPAL, idempotencyKey: `environment:${index}:${key}` };
      const { jobId, created } = await deps.submit(request, context, {
        cause,
        identity: { ...what, environmentId: subject.environmentId },
      });
      if (created && jobId !== null) jobIds.push(jobId);
    }
  } catch (error) {
    if (!(error instanceof GroveError) || error.spec.retryable) throw error;
    deps.onError(what, error);
    return false;
  }
  if (jobIds.length > 0) deps.onTriggered({ ...what, jobIds, reason });
  return true;
}

type MatrixCell = NonNullable<Matrix['cells'][number][number]>;

function cellsOf({ rows, cells }: Matrix, { recipeId, tier }: { readonly recipeId: string; readonly tier: string }): readonly MatrixCell[] {
  const found = rows.flatMap((row, index) => (row.recipeId === recipeId ? (cells[index] ?? []) : []));
  return found.flatMap((cell) => (cell !== null && cell.key.tier === tier ? [cell] : []));
}

/** How a recipe's cells stand to a device: its last number is of this environment, of another one, or there is none. */
function standingOf(cells: readonly MatrixCell[], device: string): 'current' | 'stale' | 'none' {
  const units = cells.flatMap(({ unitStates }) => unitStates.filter(({ unit }) => unit === device));
  const measured = units.filter(({ state }) => !UNMEASURED.has(state));
  if (measured.some(({ badges }) => !badges.includes('stale'))) return 'current';
  return measured.length > 0 ? 'stale' : 'none';
}

/** States of a cell that tell of no number. One that is about to have one is left alone. */
const UNMEASURED: ReadonlySet<string> = new Set(['failed', 'exception', 'unsupported', 'missing']);
