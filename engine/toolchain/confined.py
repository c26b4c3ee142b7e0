"""What every process of a toolchain does first: it ends with its parent, reaches no network, and keeps its answers apart from what libraries print."""

import ctypes
import json
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
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
    """Ends this process when its parent ends: by the kernel on Linux, by looking for it elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    elif os.name == "posix":
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent):
    while os.getppid() == parent:
        time.sleep(0.2)
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
