import { connect } from 'node:net';
import { fine, type MachineFinding } from '../../agent/doctor/machine-findings.ts';

const PATIENCE_MS = 5_000;
/** Leases do not depend on it, but times in reports and certificates do. */
const SKEW_MS = 5_000;

/**
 * Whether the coordinator's ports can be reached from here, and whether its clock agrees.
 *
 * @param agentUrl where agents connect; several separated by commas.
 * @param url the farm's address for people.
 */
export async function coordinatorFindings(agentUrl: string, url: string): Promise<readonly MachineFinding[]> {
  const ports = await Promise.all(agentUrl.split(',').map((address) => portFinding(address.trim())));
  return [...ports, await clockFinding(url)];
}

async function portFinding(address: string): Promise<MachineFinding> {
  if (!URL.canParse(address))
    return { level: 'problem', area: 'coordinator', what: `${address} is no address`, fix: 'Set agent.agentUrl to grpc://HOST:PORT.' };
  const { hostname, port } = new URL(address);
  const problem = await connectTo(hostname, Number(port || 4701));
  if (problem === undefined) return fine('coordinator', `${address} accepts connections`);
  return {
    level: 'problem',
    area: 'coordinator',
    what: `${address} cannot be reached: ${problem}`,
    fix: 'Start the coordinator (`grove up`), correct GROVE_AGENT_URL, or open the port in the firewall between the two machines.',
  };
}

function connectTo(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port, timeout: PATIENCE_MS });
    const end = (problem: string | undefined) => {
      socket.destroy();
      resolve(problem);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end(`no answer within ${PATIENCE_MS} ms`));
    socket.once('error', (error) => end('code' in error ? String(error.code) : error.message));
  });
}

/** By the Date of an answer, which has whole seconds. */
async function clockFinding(url: string): Promise<MachineFinding> {
  const asked = Date.now();
  const told = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) }).then(
    ({ headers }) => Date.parse(headers.get('date') ?? ''),
    () => Number.NaN,
  );
  if (Number.isNaN(told)) return fine('clock', `not compared: ${url} does not answer here`);
  const skewMs = asked - told;
  if (Math.abs(skewMs) <= SKEW_MS) return fine('clock', "it agrees with the coordinator's");
  return {
    level: 'warning',
    area: 'clock',
    what: `it differs from the coordinator's by ${Math.round(skewMs / 1_000)} s`,
    fix: 'Let both machines follow one time server: `timedatectl set-ntp true` (Linux), `w32tm /resync` (Windows).',
  };
}
