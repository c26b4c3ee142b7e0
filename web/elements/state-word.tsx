const SIGNS: Readonly<Record<string, string>> = {
  waiting: '…',
  pending: '…',
  leased: '▷',
  running: '▶',
  completed: '✓',
  failed: '✗',
  exception: '!',
  cancelled: '■',
  idle: '✓',
  busy: '▶',
  paused: '❚❚',
  draining: '↓',
  quarantined: '⊘',
  offline: '✗',
  'not-ready': '!',
};

/** The state of a job, a task or an agent by sign, word and colour. */
export function StateWord({ state }: { readonly state: string }) {
  return (
    <span class={`chip s-${state}`}>
      <span aria-hidden="true">{SIGNS[state] ?? '·'}</span> {state}
    </span>
  );
}
