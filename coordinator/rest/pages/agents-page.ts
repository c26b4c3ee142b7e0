import type { AgentView } from '../../../api/agents.ts';
import { deviceStateText } from '../../../domain/device-state-text.ts';
import { formatAge, shortEp } from '../../../domain/matrix-text.ts';
import { type Html, html } from '../../matrix/renderers/html.ts';
import { renderPage } from '../../matrix/renderers/page.ts';

/** Lab machines with their devices, and what their probes missed. */
export function renderAgentsPage(agents: readonly AgentView[], nowMs: number): string {
  const content = html`<div class="heading"><h1>Agents</h1></div>
${agents.length === 0 ? html`<section class="empty"><p>No agent has connected yet.</p><pre>grove agent run</pre></section>` : agents.map((agent) => agentSection(agent, nowMs))}`;
  return renderPage({ title: 'Agents', current: 'agents', content });
}

function agentSection({ agentId, state, why, host, devices, missing, leases, lastSeenAt, agentVersion }: AgentView, nowMs: number): Html {
  const heads = ['Device', 'Model', 'Execution providers', 'Driver', 'Now'];
  return html`<section><h2>${agentId} <span class="chip s-${state}">${state}</span></h2>
<p class="muted">${why !== '' && html`${why} · `}${host.hostName}, ${host.osBuild}, ${host.cpuCount} CPUs, ${Math.round(host.memoryBytes / 2 ** 30)} GiB · version ${agentVersion} · seen ${formatAge(lastSeenAt, nowMs)}${formatAge(lastSeenAt, nowMs) !== 'now' && ' ago'}
${leases.length > 0 && html` · works on ${leases.map(({ taskId }) => html`<a href="/api/v1/tasks/${taskId}"><code>${taskId}</code></a> `)}`}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Devices of ${agentId}"><table class="plain"><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${devices.map(deviceRow)}</tbody></table></div>
${missing.length > 0 && html`<details><summary>What the probe did not find (${missing.length})</summary><ul>${missing.map(({ what, why: reason, fix }) => html`<li>${what}: ${reason}${fix !== undefined && html`. ${fix}`}</li>`)}</ul></details>`}</section>`;
}

function deviceRow({ name, profile, state }: AgentView['devices'][number]): Html {
  return html`<tr><th scope="row">${name}</th><td>${profile.model}${profile.emulated && html` <span class="badge b-emulated">emulated</span>`}</td>
<td>${profile.eps.map(({ name: ep }) => shortEp(ep)).join(', ')}</td><td>${profile.driver ?? html`<span class="muted">${profile.unknown['driver'] ?? 'unknown'}</span>`}</td><td>${state !== null && deviceStateText(state)}</td></tr>
`;
}
