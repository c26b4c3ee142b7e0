import { GroveError } from '../../domain/errors.ts';
import type { Random, Transport } from '../../domain/ports.ts';

/**
 * One transport over several coordinators of a farm. The first is picked at random, so that agents spread; each further connection begins with the next
 * one: the last broke or refused. Every coordinator is tried once per call.
 */
export function createFailoverTransport<Out, In>(transports: readonly Transport<Out, In>[], random: Random): Transport<Out, In> {
  let next = Math.floor(random.float() * transports.length);
  return {
    async connect(signal) {
      let failure: unknown = new GroveError('invalid-config', { where: 'agentUrl', problem: 'it names no coordinator' });
      for (let tried = 0; tried < transports.length && !signal?.aborted; tried++) {
        const transport = transports[next % transports.length];
        next += 1;
        try {
          if (transport !== undefined) return await transport.connect(signal);
        } catch (error) {
          failure = error;
        }
      }
      throw failure;
    },
  };
}
