import { useEffect, useState } from 'preact/hooks';
import { logIn } from './log-in.ts';

/** Whether somebody must log in before the farm answers. */
export function useLogInNeeded(): boolean {
  const [isNeeded, setNeeded] = useState(logIn.isNeeded);
  useEffect(() => {
    setNeeded(logIn.isNeeded);
    return logIn.onChange(setNeeded);
  }, []);
  return isNeeded;
}
