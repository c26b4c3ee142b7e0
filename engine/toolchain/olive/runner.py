"""Runs one Olive workflow: python runner.py PARENT_PID CONFIG. Answers one JSON document on standard output, everything else goes to standard error."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import confined


def main(answer):
    # Olive forks data loaders and asks hubs: models and rows are local here, and whoever asks all the same is told at once.
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1", OLIVE_DISABLE_TELEMETRY="1")
    from olive.workflows import run

    try:
        run(sys.argv[2])
        answer({"error": None})
    except Exception as error:
        answer({"error": f"{type(error).__name__}: {error}"[:2000]})


if __name__ == "__main__":
    answer = confined.private_output()
    confined.confine(int(sys.argv[1]))
    main(answer)
