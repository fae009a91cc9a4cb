"""`orderx`, with other limits of the HTTP server: python -m tests.ops.server.impatient HEAD_SECONDS=1 -- api"""

import sys

from ops import cli
from ops.server import worker


def main() -> None:
    limits = sys.argv[1 : sys.argv.index("--")]
    for name, _, value in (limit.partition("=") for limit in limits):
        assert hasattr(worker, name)
        setattr(worker, name, float(value))
    sys.argv = ["orderx", *sys.argv[sys.argv.index("--") + 1 :]]
    cli.main()


if __name__ == "__main__":
    main()
