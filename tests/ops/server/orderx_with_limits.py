"""`orderx` with other limits of the HTTP server.

python -m tests.ops.server.orderx_with_limits HEAD_TIMEOUT=1 -- api
"""

import sys

from ops import cli
from ops.server import limits


def main() -> None:
    overrides = sys.argv[1 : sys.argv.index("--")]
    for name, _, value in (limit.partition("=") for limit in overrides):
        assert hasattr(limits, name)
        setattr(limits, name, float(value))
    sys.argv = ["orderx", *sys.argv[sys.argv.index("--") + 1 :]]
    cli.main()


if __name__ == "__main__":
    main()
