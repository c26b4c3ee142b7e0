import { useState } from 'preact/hooks';
import type { AgentView } from '../../api/agents.ts';
import { type Cell, deviceStateText, type Matrix, plural, shortEp } from '../../api/words.ts';
import { type Fact, Facts } from '../elements/facts.tsx';
import { PageHead } from '../elements/page-head.tsx';
import { Loading, Problem } from '../elements/problem.tsx';
import { StateWord } from '../elements/state-word.tsx';
import { Table } from '../elements/table.tsx';
import { Ago, bytesText, Instant } from '../elements/time.tsx';
import { farm } from '../farm/farm.ts';
import { useAnswer } from '../farm/use-answer.ts';
import { countStates, orderAgents, pickAgents } from './order-agents.ts';

/** Lab machines: what each is doing, and what keeps it from working. */
export function FleetPage() {
  const agents = useAnswer({
    ask: (signal) => farm.agents({ signal }),
    key: 'agents',
    changedBy: ({ type }) => type === 'agent' || type === 'task',
  });
  const matrix = useAnswer({ ask: (signal) => farm.matrix({ signal }), key: 'matrix of the fleet' });
  const [words, setWords] = useState('');
  const known = agents.value?.agents ?? [];
  const shown = pickAgents(orderAgents(known), words);
  return (
    <>
      <PageHead title="Fleet" detail={agents.value && summary(known)} tools={<a href="/api/v1/agents">JSON</a>} />
      {agents.problem !== undefined && <Problem problem={agents.problem} />}
      {agents.value === undefined && agents.problem === undefined && <Loading what="the fleet" />}
      {agents.value !== undefined && known.length === 0 && <NoAgents />}
      {known.length > 3 && (
        <form class="filters" onSubmit={(event) => event.preventDefault()}>
          <label class="grow">
            Search
            <input
              type="search"
              value={words}
              placeholder="agent, device, provider, driver, state …"
              onInput={({ currentTarget }) => setWords(currentTarget.value)}
            />
          </label>
        </form>
      )}
      {shown.map((agent) => (
        <Agent key={agent.agentId} agent={agent} drifting={driftingOn(agent, matrix.value)} />
      ))}
    </>
  );
}

function summary(agents: readonly AgentView[]): string {
  return [plural(agents.length, 'agent'), ...countStates(agents).map(([state, count]) => `${count} ${state}`)].join(', ');
}

function NoAgents() {
  return (
    <section class="notice">
      <p>No agent has connected yet. On a lab machine:</p>
      <pre>grove agent run</pre>
    </section>
  );
}

/** Cells whose newest result says that this machine changed its speed. */
function driftingOn({ devices }: AgentView, matrix: Matrix | undefined): readonly Cell[] {
  const names = new Set(devices.map(({ name }) => name));
  return (matrix?.cells.flat() ?? []).flatMap((cell) =>
    cell?.badges.includes('drift') === true && names.has(cell.provenance.deviceName ?? '') ? [cell] : [],
  );
}

function Agent({ agent, drifting }: { readonly agent: AgentView; readonly drifting: readonly Cell[] }) {
  const { agentId, state, host, devices, missing, leases, lastSeenAt, agentVersion } = agent;
  return (
    <section class="agent">
      <h2>
        {agentId} <StateWord state={state} />
      </h2>
      <Trouble agent={agent} />
      <Facts
        facts={[
          [
            'Works on',
            leases.length > 0 &&
              leases.map(({ taskId, deviceName }) => (
                <span key={taskId} class="sibling">
                  {deviceName}: <a href={`/api/v1/tasks/${taskId}`}>{taskId.slice(0, 24)}</a>
                </span>
              )),
          ],
          ['Machine', `${host.hostName}, ${host.osBuild}, ${host.cpuCount} CPUs, ${bytesText(host.memoryBytes)}`],
          ['Free disk', bytesText(host.freeDiskBytes)],
          ['Version', agentVersion],
          ['Seen', <Ago key="seen" at={lastSeenAt} />],
          [
            'Control drift',
            drifting.length > 0 &&
              drifting.slice(0, 5).map((cell) => (
                <a key={cell.id} class="sibling" href={`/cells/${cell.id}`}>
                  {cell.provenance.deviceName} changed its speed
                </a>
              )),
          ],
        ]}
      />
      <Table
        label={`Devices of ${agentId}`}
        heads={[
          { text: 'Device' },
          { text: 'Model' },
          { text: 'Execution providers', kind: 'wrap' },
          { text: 'Driver' },
          { text: 'Now', kind: 'wrap' },
        ]}
        rows={devices.map(({ name, profile, state: now }) => ({
          key: name,
          cells: [
            name,
            <>
              {profile.model} {profile.emulated && <span class="badge">emulated</span>}
            </>,
            profile.eps.map(({ name: ep, version }) => `${shortEp(ep)} ${version}`).join(', '),
            profile.driver ?? <span class="muted">{profile.unknown['driver'] ?? 'unknown'}</span>,
            now === null ? '' : deviceStateText(now),
          ],
        }))}
      />
      {missing.length > 0 && (
        <details>
          <summary>What the probe did not find ({missing.length})</summary>
          <ul>
            {missing.map(({ what, why, fix }) => (
              <li key={`${what} ${why}`}>
                {what}: {why}
                {fix !== undefined && `. ${fix}`}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

/** Why it takes no work and what to do about it, before everything else. */
function Trouble({ agent: { agentId, mark, why } }: { readonly agent: AgentView }) {
  if (mark === null) return why === '' ? null : <p class="notice warn">{why}</p>;
  const facts: readonly Fact[] = [
    [mark.kind, mark.reason],
    ['Do', mark.fix],
    [
      'Marked',
      <>
        by {mark.by}, <Ago at={mark.since} />
        {mark.until !== null && (
          <>
            , until <Instant at={mark.until} />
          </>
        )}
      </>,
    ],
  ];
  return (
    <div class="notice warn">
      <Facts facts={facts} />
      <p>
        Lets it work again: <code>grove agent resume {agentId}</code>
      </p>
    </div>
  );
}
