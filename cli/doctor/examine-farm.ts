import { createHash } from 'node:crypto';
import { createClient, type GroveClient } from '../../api/client.ts';
import type { Health } from '../../api/health.ts';
import { toGroveError } from '../../domain/errors.ts';
import { agentFindings, type Finding, fine, healthFindings, problem } from './findings.ts';

/** Always the same bytes: the farm keeps one blob of it, however often it is examined. */
const SAMPLE = Buffer.from('A blob that grove doctor stores and reads again.\n');

/** Looks at a whole deployment from this machine. Throws `not-running` when the farm cannot be reached at all. */
export async function examineFarm(client: GroveClient): Promise<readonly Finding[]> {
  const health = await client.health();
  const [others, transfer, lost, { agents }] = await Promise.all([
    examineOthers(health, client.url),
    examineTransfer(client),
    examineJobs(client),
    client.agents(),
  ]);
  return [
    fine(`the farm answers at ${client.url} (version ${health.version})`),
    ...healthFindings(health),
    ...others,
    transfer,
    lost,
    ...agentFindings(agents),
  ];
}

/** Whoever is on the roll must also answer. */
async function examineOthers({ coordinators }: Health, asked: string): Promise<readonly Finding[]> {
  const others = coordinators.filter(({ url }) => url !== asked);
  const found = await Promise.all(others.map(({ url }) => examineCoordinator(url)));
  return found.flat();
}

async function examineCoordinator(url: string): Promise<readonly Finding[]> {
  try {
    const { ready } = await createClient({ url }).ready();
    return ready ? [] : [problem(`the coordinator at ${url} is not ready`, 'look at its log')];
  } catch (error) {
    return [
      problem(
        `the coordinator at ${url} does not answer here: ${toGroveError(error).message}`,
        'check the network between it and this machine',
      ),
    ];
  }
}

/** Blobs take the way that agents and this command line take: a signed URL. */
async function examineTransfer(client: GroveClient): Promise<Finding> {
  const sha256 = createHash('sha256').update(SAMPLE).digest('hex');
  const source = { path: 'doctor.txt', sha256, sizeBytes: SAMPLE.length, open: () => bytesOf(SAMPLE) };
  try {
    await client.uploadFiles([source]);
    return fine('blobs can be stored from this machine');
  } catch (error) {
    const { message, advice } = toGroveError(error).toReport();
    return problem(`a blob cannot be stored from this machine: ${message}`, advice);
  }
}

/** Whatever was accepted must be there, also after Redis lost its last moments. */
async function examineJobs(client: GroveClient): Promise<Finding> {
  try {
    const { jobs } = await client.lostJobs();
    return jobs.length === 0
      ? fine('no accepted job is lost')
      : problem(`${jobs.length} accepted jobs are not in the task store`, 'list them with grove job recover; --all submits them again');
  } catch (error) {
    return problem(`lost jobs cannot be looked for: ${toGroveError(error).message}`, 'see the artifact store above');
  }
}

async function* bytesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
