import { describe, expect } from 'vitest';
import type { TaskSummary } from '../../api/tasks.ts';
import { assignmentSchema } from '../../domain/task.ts';
import type { AgentLink, Passing } from '../support/agent-link.ts';
import { eventually } from '../support/grove-process.ts';
import type { Lab, LabAgent } from '../support/lab.ts';
import { it } from '../support/lab-test.ts';

/** An agent that reaches its coordinator through a link. */
async function join(lab: Lab): Promise<{ readonly agent: LabAgent; readonly link: AgentLink }> {
  const link = await lab.openLink();
  return { agent: await lab.startAgent('lab-a', { url: link.url }), link };
}

function isBenchmark(taskId: string | undefined): boolean {
  return taskId !== undefined && !taskId.startsWith('c-');
}

function isBenchmarkAssignment(message: Passing): boolean {
  return (
    message.from === 'coordinator' &&
    message.$case === 'assign' &&
    isBenchmark(assignmentSchema.parse(JSON.parse(message.value.assignmentJson)).lease.taskId)
  );
}

function isBenchmarkResult(message: Passing): boolean {
  return message.from === 'agent' && message.$case === 'complete' && isBenchmark(message.value.lease?.taskId);
}

function isBenchmarkAck(message: Passing): boolean {
  return message.from === 'coordinator' && message.$case === 'completeAck' && isBenchmark(message.value.lease?.taskId);
}

/** How each attempt of the job's benchmark ended. */
async function endings(lab: Lab, jobId: string): Promise<readonly string[]> {
  expect((await lab.ended(jobId)).state).toBe('completed');
  const { attempts }: TaskSummary = await lab.benchmark(jobId, () => true);
  return attempts.map(({ ended }) => ended?.error?.code ?? ended?.state ?? 'open');
}

/** The coordinator's answers to results of the job's benchmark: whether each was news. */
async function answers(lab: Lab, agent: LabAgent, jobId: string): Promise<readonly unknown[]> {
  await lab.delivered(agent);
  const { taskId } = await lab.benchmark(jobId, () => true);
  return (await lab.logged('result-recorded')).filter((line) => line['taskId'] === taskId).map((line) => line['recorded']);
}

describe.concurrent('a lost result', () => {
  it('is sent again and counts once', async ({ lab }) => {
    const { agent, link } = await join(lab);
    const lost = link.once('lose', isBenchmarkResult);
    const jobId = await lab.submit('--launches', '1');
    await lost;
    expect(await endings(lab, jobId)).toEqual(['completed']);
    expect(await answers(lab, agent, jobId)).toEqual([true]);
  });
});

describe.concurrent('a lost acknowledgement', () => {
  it('makes the agent send the result again, and it counts once', async ({ lab }) => {
    const { agent, link } = await join(lab);
    let sent = 0;
    // The answer to a heartbeat would tell the agent that its result is known: that is lost too, until the result has come a second time.
    link.rule((message) => {
      if (isBenchmarkResult(message)) sent += 1;
      const isNews = message.from === 'coordinator' && (message.$case === 'completeAck' || message.$case === 'renewed');
      return isNews && sent === 1 ? 'lose' : 'pass';
    });
    const jobId = await lab.submit('--launches', '1');
    expect(await endings(lab, jobId)).toEqual(['completed']);
    await eventually(async () => sent === 2, 'the result to come again');
    expect(await answers(lab, agent, jobId)).toEqual([true, false]);
    const cells = (await lab.client.matrix()).cells.flat();
    expect(cells).toHaveLength(1);
    expect(cells[0]).toMatchObject({ launches: 1, provenance: { jobId, attempt: 1 } });
  });

  it('that broke the connection too is cured by the next hello', async ({ lab }) => {
    const { agent, link } = await join(lab);
    const cut = link.once('cut', isBenchmarkAck);
    const jobId = await lab.submit('--launches', '1');
    await cut;
    expect(await endings(lab, jobId)).toEqual(['completed']);
    expect((await answers(lab, agent, jobId)).filter((recorded) => recorded === true)).toHaveLength(1);
  });
});

describe.concurrent('a lost assignment', () => {
  it('is offered again when nobody has accepted it in time', async ({ lab }) => {
    const { agent, link } = await join(lab);
    const lost = link.once('lose', isBenchmarkAssignment);
    const jobId = await lab.submit('--launches', '1');
    await lost;
    expect(await endings(lab, jobId)).toEqual(['not-accepted', 'completed']);
    expect(await answers(lab, agent, jobId)).toEqual([true]);
  });

  it('that broke the connection is offered again at the next hello', async ({ lab }) => {
    const { agent, link } = await join(lab);
    const cut = link.once('cut', isBenchmarkAssignment);
    const jobId = await lab.submit('--launches', '1');
    await cut;
    expect(await endings(lab, jobId)).toEqual(['not-accepted', 'completed']);
    expect(await answers(lab, agent, jobId)).toEqual([true]);
  });
});

describe.concurrent('a broken connection', () => {
  it('in mid-task costs nothing: the agent comes back and goes on', async ({ lab }) => {
    const { agent, link } = await join(lab);
    const jobId = await lab.submit('--launches', '1');
    await lab.measuring(agent);
    link.cut();
    expect(await endings(lab, jobId)).toEqual(['completed']);
    expect(await answers(lab, agent, jobId)).toEqual([true]);
  });
});

describe.concurrent('a lost acceptance', () => {
  it('runs the task a second time and counts it once', async ({ lab }) => {
    const { agent, link } = await join(lab);
    const lost = link.once(
      'lose',
      (message) => message.from === 'agent' && message.$case === 'accept' && isBenchmark(message.value.lease?.taskId),
    );
    const jobId = await lab.submit('--launches', '2');
    await lost;
    expect((await endings(lab, jobId)).at(-1)).toBe('completed');
    expect((await answers(lab, agent, jobId)).filter((recorded) => recorded === true)).toHaveLength(1);
  });
});
