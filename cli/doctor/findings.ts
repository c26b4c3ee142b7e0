import type { AgentView } from '../../api/agents.ts';
import type { Health } from '../../api/health.ts';

/** One thing that `grove doctor` looked at. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem';
  readonly what: string;
  /** Empty when nothing is to be done. */
  readonly fix: string;
}

/** A store that takes longer slows every assignment. */
const SLOW_MS = 20;
/** Signed URLs and reports carry times: a machine whose clock differs by more is set wrongly. */
const SKEW_MS = 5_000;

/** What a coordinator says of its stores and of the others. Pure. */
export function healthFindings(health: Health): readonly Finding[] {
  return [...storeFindings(health.store), artifactFinding(health.artifacts), ...coordinatorFindings(health)];
}

function storeFindings({ kind, ok, detail, latencyMs, isDurable, evicts, clockSkewMs }: Health['store']): readonly Finding[] {
  if (!ok) return [problem(`the task store (${kind}) does not work: ${detail}`, 'start Redis, or correct its address and password')];
  if (latencyMs === undefined) return [fine(`the task store works (${kind})`)];
  return [
    latencyMs > SLOW_MS
      ? warning(`the task store answers in ${latencyMs} ms`, 'put Redis on the coordinators’ network, and nothing else on its machine')
      : fine(`the task store works (${kind}, answers in ${latencyMs} ms)`),
    isDurable
      ? fine('Redis keeps an append-only file')
      : problem('Redis keeps no append-only file: what was accepted last is lost when it stops', 'set appendonly yes'),
    evicts
      ? problem('Redis drops data when its memory is full: tasks would vanish', 'set maxmemory-policy noeviction')
      : fine('Redis never drops data'),
    Math.abs(clockSkewMs ?? 0) > SKEW_MS
      ? warning(`this coordinator's clock is ${clockSkewMs} ms ahead of Redis'`, 'let both machines follow one time server (NTP)')
      : fine('the clocks of this coordinator and of Redis agree'),
  ];
}

function artifactFinding({ kind, ok, detail }: Health['artifacts']): Finding {
  if (ok) return fine(`the artifact store works (${kind})`);
  return problem(`the artifact store (${kind}) does not work: ${detail}`, 'start it, or correct address, keys and bucket');
}

function coordinatorFindings({ coordinators, store }: Health): readonly Finding[] {
  const names = coordinators.map(({ url }) => url).join(', ');
  const versions = new Set(coordinators.map(({ version }) => version));
  const alone = store.kind === 'redis' && coordinators.length === 1;
  return [
    alone
      ? warning(`only one coordinator serves (${names}): agents wait while it is away`, 'start a second one on the same Redis')
      : fine(`${coordinators.length === 1 ? 'one coordinator serves' : `${coordinators.length} coordinators serve`} (${names})`),
    ...(versions.size > 1
      ? [warning(`coordinators have different versions (${[...versions].sort().join(', ')})`, 'finish the upgrade')]
      : []),
  ];
}

/** The lab machines. Pure. */
export function agentFindings(agents: readonly AgentView[]): readonly Finding[] {
  if (agents.length === 0) return [warning('no agent has ever connected', 'run `grove agent run` on a lab machine')];
  const broken = agents.flatMap((agent) => agentFinding(agent) ?? []);
  const working = agents.length - broken.length;
  return [fine(`${working} of ${agents.length} agents can work`), ...broken];
}

const AGENT_FIXES: Readonly<Partial<Record<AgentView['state'], string>>> = {
  offline: 'start the machine and `grove agent run`, and look at its log',
  'not-ready': 'do what the reason says, on that machine',
  quarantined: '`grove agent show` tells why; then `grove agent recover`',
};

function agentFinding({ agentId, state, why }: AgentView): Finding | undefined {
  const fix = AGENT_FIXES[state];
  return fix === undefined ? undefined : warning(`agent ${agentId} is ${state}${why === '' ? '' : `: ${why}`}`, fix);
}

export function fine(what: string): Finding {
  return { level: 'ok', what, fix: '' };
}

function warning(what: string, fix: string): Finding {
  return { level: 'warning', what, fix };
}

export function problem(what: string, fix: string): Finding {
  return { level: 'problem', what, fix };
}
