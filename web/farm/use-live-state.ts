import { useEffect, useState } from 'preact/hooks';
import { type LiveState, live } from './live.ts';

/** Whether events arrive now. */
export function useLiveState(): LiveState {
  const [state, setState] = useState(live.state);
  useEffect(() => {
    setState(live.state);
    return live.onState(setState);
  }, []);
  return state;
}
