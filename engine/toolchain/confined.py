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


def refuse_network():
    """Makes every way of Python to open a connection raise, for good. It keeps honest code honest; it is no sandbox for native code."""

    def hook(event, _args):
        if event in REFUSED:
            raise PermissionError(f"a toolchain process has no network ({event})")

    sys.addaudithook(hook)


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
