import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { readLines } from '../../platform/lines.ts';
import { identifyProcess, isSameProcess } from '../../platform/process-identity.ts';

const CONFINED = join(import.meta.dirname, '../../engine/toolchain');

/** A process of a toolchain that has forked one that does nothing, as data loaders are; it prints both pids. */
const LEADER = [
  'import os, sys, time',
  'sys.path.insert(0, sys.argv[2])',
  'import confined',
  'confined.confine(int(sys.argv[1]))',
  'child = os.fork()',
  'if child != 0: print(os.getpid(), child, flush=True)',
  'time.sleep(600)',
].join('\n');

/** Starts it in a group of its own, as Grove does, and waits for nothing. */
const PARENT = [
  'import os, subprocess, sys',
  "subprocess.Popen([sys.executable, '-I', '-B', '-c', sys.argv[1], str(os.getpid()), sys.argv[2]], start_new_session=True).wait()",
].join('\n');

it('ends with its parent, and takes what it forked with it', async () => {
  const parent = spawn('python3', ['-I', '-B', '-c', PARENT, LEADER, CONFINED], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { value: line } = await readLines(parent.stdout, 1_000).next();
  expect(line).toMatch(/^\d+ \d+$/);
  const started = await Promise.all((line ?? '').split(' ').map((pid) => identifyProcess(Number(pid))));
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  for (const process of started) {
    if (process === undefined) throw new Error('it is gone before its parent');
    await expect.poll(() => isSameProcess(process), { timeout: 10_000 }).toBe(false);
  }
});

/** Opens sockets as a library would, in this process and in one that it starts: -1 is refused. A pair within the machine is not. */
const NATIVE = [
  'import ctypes, socket, subprocess, sys',
  'sys.path.insert(0, sys.argv[1])',
  'import confined',
  'confined.refuse_network()',
  'opened = lambda family: ctypes.CDLL(None).socket(family, 1, 0)',
  "child = 'import ctypes; print(ctypes.CDLL(None).socket(2, 1, 0))'",
  'inherited = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout.strip()',
  'print(opened(2), opened(10), inherited, len(socket.socketpair()))',
].join('\n');

it('reaches no network, nor does native code or what it starts', async () => {
  const { stdout } = await promisify(execFile)('python3', ['-I', '-B', '-c', NATIVE, CONFINED]);
  expect(stdout.trim()).toBe('-1 -1 -1 2');
});

/** Prints what the kernel says of the filter of each process that this one has started: 2 is filtered. */
const GUARDED = [
  'import os, sys',
  'sys.path.insert(0, sys.argv[1])',
  'import confined',
  'os.setsid()',
  'confined.confine(os.getppid())',
  'status = lambda pid: dict(line.split(":\\t", 1) for line in open(f"/proc/{pid}/status").read().splitlines() if ":\\t" in line)',
  'mine = [found for found in map(status, filter(str.isdigit, os.listdir("/proc"))) if found["PPid"].strip() == str(os.getpid())]',
  'print([found["Seccomp"].strip() for found in mine])',
].join('\n');

if (process.platform === 'linux')
  it('keeps the process that guards its group from the network too', async () => {
    const { stdout } = await promisify(execFile)('python3', ['-I', '-B', '-c', GUARDED, CONFINED]);
    expect(stdout.trim()).toBe("['2']");
  });
