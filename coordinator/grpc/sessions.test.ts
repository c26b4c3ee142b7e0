import { expect, it } from 'vitest';
import type { CoordinatorMessage } from '../../domain/protocol.ts';
import type { Broadcast } from '../peers/broadcast.ts';
import type { Notice } from '../peers/notice.ts';
import { Sessions } from './sessions.ts';

/** Coordinators that hear each other. */
function connected(count: number): readonly Broadcast[] {
  const listeners = Array.from({ length: count }, () => new Set<(notice: Notice) => void>());
  return listeners.map((own) => ({
    send: (notice) => {
      for (const others of listeners) if (others !== own) for (const listener of others) listener(notice);
    },
    listen: (listener) => {
      own.add(listener);
      return () => void own.delete(listener);
    },
  }));
}

function sessionOf(agentId: string) {
  const told: CoordinatorMessage[] = [];
  const send = (message: CoordinatorMessage) => told.push(message) > 0;
  return { agentId, sessionId: 1, told, send, expel: () => {}, supersede: () => {}, repeatCancels: async () => {} };
}

it('reach an agent whose stream another coordinator holds', () => {
  const [here, there] = connected(2).map((broadcast) => new Sessions(broadcast));
  const session = sessionOf('lab-1');
  there?.add(session);
  here?.tell({ type: 'cancel', agentId: 'lab-1', lease: { taskId: 't', attempt: 2 }, by: 'ada' });
  here?.tell({ type: 'revoke', agentId: 'lab-2', lease: { taskId: 't', attempt: 2 }, why: 'not its own' });
  expect(session.told).toEqual([{ type: 'cancel', lease: { taskId: 't', attempt: 2 }, by: 'ada' }]);
});
