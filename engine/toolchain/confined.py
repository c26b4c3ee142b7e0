"""What every process of a toolchain does first: it ends with its parent, reaches no network, and keeps its answers apart from what libraries print."""

import ctypes
import json
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
# From <winnt.h> and <winbase.h>.
WINDOWS_SYNCHRONIZE = 0x00100000
WINDOWS_INFINITE = 0xFFFFFFFF
LOOK_EVERY_S = 0.2
REFUSED = {
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.sendmsg",
    "socket.getaddrinfo",
    "socket.gethostbyname",
}


# From <linux/filter.h>, <linux/seccomp.h>, <linux/audit.h>.
PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
LOAD_WORD = 0x20
JUMP_EQUAL = 0x15
JUMP_AT_LEAST = 0x35
ANSWER = 0x06
ALLOW = 0x7FFF0000
REFUSE_WITH_EPERM = 0x00050001
NUMBER_OFFSET = 0
ARCH_OFFSET = 4
FIRST_ARGUMENT_OFFSET = 16
X32_BIT = 0x40000000
IO_URING_SETUP = 425
AF_UNIX = 1
# Machine -> its name to the kernel, and its number of socket().
SYSTEMS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}


def refuse_network():
    """
    No way out for this process and all it starts. On Linux the kernel refuses every socket but those within the machine, also to native code; elsewhere Python's own ways to open a
    connection raise, which keeps honest code honest. For good in both cases.
    """
    if not _filter_sockets() and sys.platform == "linux":
        print("The kernel takes no filter of sockets here: only Python's own ways to a network are closed.", file=sys.stderr)

    def hook(event, _args):
        if event in REFUSED:
            raise PermissionError(f"a toolchain process has no network ({event})")

    sys.addaudithook(hook)


def confine(parent):
    """What `refuse_network` and `end_with` do, in this order: the process that guards the group is under the filter too, since its parent might use it."""
    refuse_network()
    end_with(parent)


class _Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("value", ctypes.c_uint)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction))]


def _filter_sockets():
    """Whether the kernel took the filter. Calls under another architecture's numbers, and io_uring, which opens sockets too, are refused with it."""
    system = SYSTEMS.get(os.uname().machine) if sys.platform == "linux" else None
    if system is None:
        return False
    arch, socket = system
    steps = [
        (LOAD_WORD, 0, 0, ARCH_OFFSET),
        (JUMP_EQUAL, 0, 7, arch),
        (LOAD_WORD, 0, 0, NUMBER_OFFSET),
        (JUMP_AT_LEAST, 5, 0, X32_BIT),
        (JUMP_EQUAL, 4, 0, IO_URING_SETUP),
        (JUMP_EQUAL, 0, 2, socket),
        (LOAD_WORD, 0, 0, FIRST_ARGUMENT_OFFSET),
        (JUMP_EQUAL, 0, 1, AF_UNIX),
        (ANSWER, 0, 0, ALLOW),
        (ANSWER, 0, 0, REFUSE_WITH_EPERM),
    ]
    instructions = (_Instruction * len(steps))(*[_Instruction(*step) for step in steps])
    program = _Program(len(steps), instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0


def end_with(parent):
    """Ends this process, and on POSIX what it started, when its parent ends. Called before anything starts a thread."""
    if os.name == "posix":
        _guard_group()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    elif os.name == "posix":
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    else:
        threading.Thread(target=_wait_for_windows, args=(parent,), daemon=True).start()


def _guard_group():
    """A process that ends the group when this one is gone: nothing else reaches what libraries fork, such as data loaders. Only whoever leads a group has one to end."""
    leader = os.getpid()
    if os.getpgrp() != leader or os.fork() != 0:
        return
    # Whoever reads what the leader prints is not to wait for this process.
    os.closerange(0, 256)
    while os.getppid() == leader:
        time.sleep(LOOK_EVERY_S)
    os.killpg(leader, signal.SIGKILL)


def _watch(parent):
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY_S)
    os._exit(1)


def _wait_for_windows(parent):
    """The handle stands for the parent also when its number is given to another process."""
    kernel32 = ctypes.WinDLL("kernel32")
    kernel32.OpenProcess.restype = ctypes.c_void_p
    kernel32.WaitForSingleObject.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
    handle = kernel32.OpenProcess(WINDOWS_SYNCHRONIZE, False, parent)
    if handle is not None:
        kernel32.WaitForSingleObject(handle, WINDOWS_INFINITE)
    os._exit(1)


def private_output():
    """Takes standard output for answers, one JSON document a line; what anybody else prints there goes to standard error. Returns the function that answers."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    lock = threading.Lock()

    def answer(message):
        with lock:
            channel.write(json.dumps(message) + "\n")
            channel.flush()

    return answer
