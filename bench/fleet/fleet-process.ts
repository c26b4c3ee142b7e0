import type { Child } from '../../domain/ports.ts';
import { allLines, startNode } from '../processes/start-process.ts';
import { compiled } from '../work-place.ts';
import { type FleetCommand, type FleetConfig, type FleetEvent, type FleetReport, fleetEventSchema } from './fleet-protocol.ts';

const NO_HURRY_MS = 600_000;

/** A fleet in its own process, as the bench holds it. */
export class FleetProcess {
  readonly pid: number;
  /** How many of its agents have joined in time. */
  agents = 0;
  readonly #child: Child;
  readonly #events: AsyncIterator<string>;
  readonly #errors: Promise<readonly string[]>;

  private constructor(child: Child) {
    this.pid = child.pid;
    this.#child = child;
    this.#events = child.stdout[Symbol.asyncIterator]();
    this.#errors = allLines(child.stderr);
  }

  /** Resolves when every agent has been welcomed; with `joinWithinMs`, when those have that began to join in time. */
  static async join(config: Omit<FleetConfig, 'joinWithinMs'> & { readonly joinWithinMs?: number }, cwd: string): Promise<FleetProcess> {
    const whole: FleetConfig = { joinWithinMs: NO_HURRY_MS, ...config };
    const fleet = new FleetProcess(startNode([compiled('fleet/main.js'), JSON.stringify(whole)], { cwd }));
    fleet.agents = (await fleet.#next('joined')).agents;
    return fleet;
  }

  /** Lets the agents work and answers what they saw once that many results are recorded. */
  async measure(until: number): Promise<FleetReport> {
    this.#send({ do: 'measure', until });
    return (await this.#next('report')).report;
  }

  /** Call before the connections break; resolves once every agent has been welcomed again, with how many leases they had to give up. */
  async returned(): Promise<number> {
    this.#send({ do: 'expect-return' });
    return (await this.#next('returned')).abandoned;
  }

  /** Ends the process as a crash would: its sockets close, nobody says goodbye. */
  kill(): void {
    this.#child.kill();
  }

  /** Stops the process where it is: its sockets stay open and silent. POSIX only. */
  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }

  #send(command: FleetCommand): void {
    this.#child.write(`${JSON.stringify(command)}\n`);
  }

  async #next<Kind extends FleetEvent['event']>(kind: Kind): Promise<Extract<FleetEvent, { event: Kind }>> {
    for (;;) {
      const line = await this.#events.next();
      if (line.done === true) throw new Error(`the fleet ended before it said "${kind}": ${(await this.#errors).slice(-3).join(' | ')}`);
      const event = fleetEventSchema.parse(JSON.parse(line.value));
      if (isOf(event, kind)) return event;
    }
  }
}

function isOf<Kind extends FleetEvent['event']>(event: FleetEvent, kind: Kind): event is Extract<FleetEvent, { event: Kind }> {
  return event.event === kind;
}
