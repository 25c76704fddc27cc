"""The console script: Ctrl-C ends it silently also while the package is imported."""

import signal
import sys


def main() -> int:
    """Runs the command line and returns its exit code."""
    try:
        from hub.command.main import main as run
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return run()


if __name__ == "__main__":
    sys.exit(main())
