/**
 * Keeps the process alive until released. Grove's timers do not hold it, so a service that waits for nothing else (a reconnect) would otherwise end the
 * process by having nothing to do.
 */
export function holdProcess(): () => void {
  const handle = setInterval(() => {}, 2_147_483_647);
  return () => clearInterval(handle);
}
