import { expect, it } from 'vitest';
import type { Channel, Random, Transport } from '../../domain/ports.ts';
import { createFailoverTransport } from './failover-transport.ts';

const random = (float: number): Random => ({ float: () => float, id: () => '', token: () => '' });

/** Coordinators of which only some are there; remembers who was asked. */
function coordinators(names: readonly string[], away: ReadonlySet<string>) {
  const asked: string[] = [];
  const transports = names.map(
    (name): Transport<string, string> => ({
      connect: async () => {
        asked.push(name);
        if (away.has(name)) throw new Error(`${name} is away`);
        return { send: () => {}, incoming: nothing(), close: () => {} } satisfies Channel<string, string>;
      },
    }),
  );
  return { asked, transports };
}

async function* nothing(): AsyncGenerator<string> {}

it('begins anywhere and goes on with the next one after a connection is lost', async () => {
  const { asked, transports } = coordinators(['a', 'b', 'c'], new Set());
  const transport = createFailoverTransport(transports, random(0.5));
  for (let time = 0; time < 4; time++) await transport.connect();
  expect(asked).toEqual(['b', 'c', 'a', 'b']);
});

it('passes over those that are away, and fails with the last error when all are', async () => {
  const away = new Set(['a']);
  const { asked, transports } = coordinators(['a', 'b'], away);
  const transport = createFailoverTransport(transports, random(0));
  await transport.connect();
  expect(asked).toEqual(['a', 'b']);
  away.add('b');
  await expect(transport.connect()).rejects.toThrow('b is away');
  expect(asked).toEqual(['a', 'b', 'a', 'b']);
});
