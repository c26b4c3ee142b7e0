import { type ErrorSpec, input } from './error-spec.ts';

/** Rows of the registry in `errors.ts`: who may do what, and who is who. */
export const ACCESS_ERRORS = {
  unauthenticated: {
    ...input,
    http: 401,
    grpc: 'UNAUTHENTICATED',
    message: 'This farm must know who asks: {problem}.',
    advice: 'Log in with `grove login URL`, or give a token in GROVE_TOKEN; whoever operates the farm makes one with `grove token create`.',
  },
  forbidden: {
    ...input,
    http: 403,
    grpc: 'PERMISSION_DENIED',
    message: '{who} may not do this: {problem}.',
    advice: 'Ask whoever operates the farm for a token with that role; docs/security.md lists what each role may do.',
  },
  'bind-refused': {
    ...input,
    http: 403,
    grpc: 'PERMISSION_DENIED',
    message: 'Grove will not listen on "{address}" without TLS and authentication.',
    advice: 'Name it with `grove up --listen ADDRESS`, which has both; see docs/security.md.',
  },
  'connect-refused': {
    ...input,
    http: 403,
    grpc: 'PERMISSION_DENIED',
    message: 'An agent will not connect to "{address}": beyond this machine it must have joined the farm, and the connection needs TLS.',
    advice: 'Join the farm with the string that `grove up --listen` or `grove agent token` prints: `grove agent run --join STRING`.',
  },
  'join-refused': {
    ...input,
    http: 403,
    grpc: 'PERMISSION_DENIED',
    message: 'The farm does not take this machine in: {problem}.',
    advice: 'Make a new join string with `grove agent token` on the farm and run the agent with it.',
  },
  'agent-revoked': {
    ...input,
    http: 403,
    grpc: 'PERMISSION_DENIED',
    message: 'Agent "{agentId}" was revoked, or never enrolled with this key.',
    advice: 'If the machine shall work for the farm again, run it once with a new join string (`grove agent token`).',
  },
  'untrusted-farm': {
    ...input,
    http: 403,
    grpc: 'PERMISSION_DENIED',
    message: 'The farm at {url} cannot be trusted: {problem}.',
    advice: 'Compare address and fingerprint with what `grove up` printed; somebody may stand between.',
  },
} as const satisfies Record<string, ErrorSpec>;
