import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import koffi from 'koffi';
import { serveChild } from '../../../dist/agent/runner/child-entry.js';
import { GroveError } from '../../../dist/domain/errors.js';

/** Stages that misbehave on purpose, served through the same entry as the real ones. */
const STAGES = {
  echo: async (request, { log, progress }) => {
    log('echoing');
    progress(0.5, 'half');
    process.stderr.write('from stderr\n');
    return request;
  },
  /** A synchronous native call: no signal handler, timer or promise of this process runs until it returns. */
  stuck: async (_, { log }) => {
    const sleep = koffi.load(null).func('unsigned int sleep(unsigned int seconds)');
    log(`stuck in ${process.pid}`);
    await new Promise((resolve) => process.stdout.write('', resolve));
    sleep(600);
    return null;
  },
  crash: async () => {
    process.abort();
  },
  exit: async () => {
    process.exit(7);
  },
  fail: async () => {
    throw new GroveError('unsupported-pass', { type: 'Quark', path: '$.passes.quark', detail: '' });
  },
  garbage: async () => {
    process.stdout.write('{"type":"unknown"}\nthis is no event\nand this one has no end');
    return { rows: 3 };
  },
  network: async () => {
    const attempts = [
      () => fetch('http://127.0.0.1:54321'),
      () => new Promise((_, reject) => connect(9, '127.0.0.1').on('error', reject)),
      () => new Promise((_, reject) => createSocket('udp4').send('x', 9, '127.0.0.1', reject)),
    ];
    const outcomes = await Promise.allSettled(attempts.map(async (attempt) => await attempt()));
    return outcomes.map((outcome) => (outcome.status === 'rejected' ? rootOf(outcome.reason) : 'connected'));
  },
  /** A driver that behaves as the file `behaviour` says. */
  device: async () => {
    const behaviour = readFileSync('behaviour', 'utf8');
    if (behaviour === 'crashes') process.abort();
    if (behaviour === 'ignores SIGTERM and hangs') process.on('SIGTERM', () => {});
    if (behaviour.endsWith('hangs')) koffi.load(null).func('unsigned int sleep(unsigned int seconds)')(600);
    return { why: behaviour === 'says no' ? 'no NPU' : null };
  },
  environment: async () => Object.keys(process.env).sort(),
};

function rootOf(error) {
  return error instanceof Error && error.cause instanceof Error ? rootOf(error.cause) : error.name;
}

await serveChild(process.argv.slice(2), STAGES);
