import { newTask } from '../conformance/task-store/documents.ts';
import { type FarmServer, type FarmServerOptions, startFarmServer } from './farm-server.ts';
import { SAMPLE_HISTORY, SAMPLE_MATRIX, SAMPLE_REPORT } from './sample-matrix.ts';

/** A server that shows the sample matrix, with an ended benchmark behind its cells, an agent and a waiting job. */
export async function startSampleFarm(options: FarmServerOptions = {}): Promise<FarmServer> {
  const history = (cellId: string) => (isSampled(cellId) ? SAMPLE_HISTORY : undefined);
  const server = await startFarmServer({ matrix: SAMPLE_MATRIX, history, ...options });
  await server.farm.submit([newTask('job1-0')]);
  await server.farm.hello('lab');
  const held = await server.farm.run('lab');
  await server.farm.complete(held, { state: 'completed', result: { kind: 'benchmark', report: SAMPLE_REPORT } });
  await server.farm.submit([newTask('job2-0'), newTask('job2-1')]);
  await server.farm.run('lab');
  return server;
}

function isSampled(cellId: string): boolean {
  return SAMPLE_MATRIX.cells.flat().some((cell) => cell?.id === cellId);
}
