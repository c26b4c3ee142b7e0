import { createInterface } from 'node:readline';
import { createAgentLog } from '../../agent/log-events.ts';
import { createSystemClock } from '../../platform/clock.ts';
import { systemRandom } from '../../platform/random.ts';
import { type FleetCommand, type FleetEvent, fleetCommandSchema, fleetConfigSchema } from './fleet-protocol.ts';
import { Meter } from './meter.ts';
import { SimulatedAgent } from './simulated-agent.ts';

/**
 * A fleet of simulated agents in one process, for benches and tests of load; it measures no device and is never installed on one.
 *
 *   node fleet/main.js '{"grpcAddress":"127.0.0.1:4701","agents":200,...}'
 */

/** A coordinator on two cores greets this many new connections at once without any of them waiting long. */
const JOINING_AT_ONCE = 25;

function say(event: FleetEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/** Returns those that have joined in time. */
async function joinAll(all: readonly SimulatedAgent[], withinMs: number): Promise<readonly SimulatedAgent[]> {
  const endMs = performance.now() + withinMs;
  let next = 0;
  const join = async (): Promise<void> => {
    for (let agent = all[next]; agent !== undefined && performance.now() < endMs; agent = all[next]) {
      next += 1;
      await agent.join();
    }
  };
  await Promise.all(Array.from({ length: JOINING_AT_ONCE }, join));
  return all.slice(0, next);
}

const config = fleetConfigSchema.parse(JSON.parse(process.argv[2] ?? ''));
const meter = new Meter((report) => say({ event: 'report', report }));
const log = createAgentLog('error', { write: (line) => void process.stderr.write(line) });
const clock = createSystemClock();
const fleet = Array.from(
  { length: config.agents },
  (_, index) => new SimulatedAgent({ index, config, clock, random: systemRandom, log, meter }),
);
let agents: readonly SimulatedAgent[] = [];

function obey(command: FleetCommand): void {
  if (command.do === 'expect-return') {
    meter.expectReturn(agents.length, (abandoned) => say({ event: 'returned', abandoned }));
    return;
  }
  meter.start(command.until);
  for (const agent of agents) agent.takeWork();
}

const commands = createInterface({ input: process.stdin });
commands.on('line', (line) => obey(fleetCommandSchema.parse(JSON.parse(line))));
commands.on('close', () => process.exit(0));
agents = await joinAll(fleet, config.joinWithinMs);
say({ event: 'joined', agents: agents.length });
