import { expect, it, vi } from 'vitest';
import { createAuthority, createPrivateKeyPem, createRequest, issueFor } from '../../platform/certificates.ts';
import { VirtualClock } from '../virtual-clock.cases.ts';
import type { IdentityFile } from './identity-file.ts';
import { Renewal } from './renewal.ts';

it('keeps the certificate it has when the farm answers with something else', async () => {
  const privateKey = createPrivateKeyPem();
  const clock = new VirtualClock();
  const issue = { now: clock.now() - 29 * 86_400_000, days: 30, name: 'lab-1', purpose: 'agent' } as const;
  const authority = await createAuthority(issue.now);
  const certificate = await issueFor(await createRequest(privateKey, 'lab-1'), authority, issue);
  const known = { authority: authority.certificate, certificate, privateKey, joinedWith: '0'.repeat(64) };
  const identity = { schemaVersion: 1, agentId: 'lab-1', agentUrl: 'grpcs://farm.lab:4701', ...known } as const;
  const write = vi.fn();
  const log = { certificateRenewed: vi.fn(), certificateNotRenewed: vi.fn() };
  const renewal = new Renewal(identity, {
    file: { write } as unknown as IdentityFile,
    clock,
    log: log as never,
    ask: async () => 'no certificate',
  });
  await renewal.look();
  expect(renewal.identity).toBe(identity);
  expect(write).not.toHaveBeenCalled();
  expect(log.certificateNotRenewed).toHaveBeenCalledOnce();
});
