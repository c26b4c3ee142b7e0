/*
 * The loop that ours is held against: run, read the clock, until so many samples are taken. Compiled at the time of the bench with the machine's own
 * compiler, and handed the very function, session and binding that our loop calls.
 */
#include <stdint.h>
#include <time.h>

typedef void *(*run_with_binding)(void *session, void *run_options, void *binding);

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Milliseconds the whole block took; -1 when a run failed. */
double grove_c_loop(void *run, void *session, void *binding, int32_t count, double *samples_ms) {
  const double started = now_ms();
  for (int32_t index = 0; index < count; index++) {
    const double before = now_ms();
    if (((run_with_binding)run)(session, 0, binding) != 0) return -1;
    samples_ms[index] = now_ms() - before;
  }
  return now_ms() - started;
}
