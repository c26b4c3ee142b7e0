import koffi, { type LibraryHandle } from 'koffi';

/** Stack of a native call, bytes: what a process's main thread usually has. koffi calls on stacks of its own, far smaller by default. */
const STACK_BYTES = 8 * 1024 * 1024;

let isConfigured = false;

/**
 * Loads a native library; null is the process itself. Every library is loaded here, because koffi takes its settings only before the first.
 * Throws koffi's error with the loader's own words.
 */
export function loadNativeLibrary(path: string | null): LibraryHandle {
  if (!isConfigured) koffi.config({ sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES });
  isConfigured = true;
  return koffi.load(path);
}
