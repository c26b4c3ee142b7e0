import { describe, expect, it } from 'vitest';
import { agentViewSchema } from '../../../api/agents.ts';
import { agentOf } from '../../../test/farm/agents.ts';
import { deviceOf } from '../../../test/farm/devices.ts';
import { agentView } from './agent-view.ts';

describe('agentView', () => {
  it('is what clients accept, however long the words are that a hello may bring', () => {
    const agent = {
      ...agentOf('lab-1', [deviceOf('lab-1/cpu0')]),
      agentVersion: 'v'.repeat(300),
      status: { state: 'not-ready', why: 'w'.repeat(2_000) } as const,
    };
    expect(agentViewSchema.safeParse(agentView(agent)).error).toBeUndefined();
  });
});
