import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Examination } from '../agent-doctor/examine-agent.ts';
import { EXIT } from '../exit-code.ts';
import { present } from '../option-parsers.ts';
import { print } from '../output.ts';
import { configOf, noun, type OutputOptions, type RegisterCommand, withOutput } from './command.ts';

interface AgentDoctorOptions extends OutputOptions {
  readonly agentUrl?: string;
  readonly data?: string;
  readonly record?: string;
}

/** `grove agent doctor`: what is wrong with this machine as an agent, and the exact thing to do about it. */
export const registerAgentDoctor: RegisterCommand = (program, context) => {
  const command = noun(program, 'agent', 'agents: the lab machines')
    .command('doctor')
    .description(
      'examine this machine: devices, execution providers, power, disk, clock, coordinator; exit code 1 when something is wrong',
    );
  command
    .option('--agent-url <url>', 'where the coordinator listens for agents (GROVE_AGENT_URL; default grpc://127.0.0.1:4701)')
    .option('--data <folder>', "the agent's data folder (default: <GROVE_DATA>/agent)")
    .option('--record <file>', 'also write what was seen of the machine, without serial numbers, as a fixture for tests');
  withOutput(command).action(async ({ output, agentUrl, data, record }: AgentDoctorOptions) => {
    const { config } = command.optsWithGlobals<{ config?: string }>();
    const flags = {
      ...present({ agentUrl, configFile: config }),
      ...(data !== undefined && { dataFolder: resolve(data) }),
    };
    const { examineAgent } = await import('../agent-doctor/examine-agent.ts');
    const { fixture, ...examination } = await examineAgent({ flags, url: (await configOf(command, context)).url }, context);
    if (record !== undefined) await writeFile(resolve(record), `${JSON.stringify(fixture, null, 2)}\n`);
    print({ output, terminal: context.terminal }, examination, textOf);
    if (examination.findings.some(({ level }) => level === 'problem')) context.exit(EXIT.error);
  });
};

const SIGNS = { ok: 'ok      ', warning: 'warning ', problem: 'PROBLEM ' } as const;

function textOf({ findings }: Examination): string {
  const lines = findings.flatMap(({ level, area, what, fix }) => {
    const line = `${SIGNS[level]}${area}: ${what}`;
    return fix === '' || level === 'ok' ? [line] : [line, `         ${fix}`];
  });
  const count = (level: 'problem' | 'warning') => findings.filter((finding) => finding.level === level).length;
  return [...lines, `${count('problem')} problems, ${count('warning')} warnings`].join('\n');
}
