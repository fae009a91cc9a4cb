"""Check the dependencies for known vulnerabilities; `make security` runs it.

pip-audit treats a dependency that the vulnerability service does not know as safe. This module reports such gaps.
"""

import json
import subprocess
import sys

AUDIT = ("-m", "pip_audit", "-r", "constraints.txt", "--no-deps", "--disable-pip", "--format", "json")


def main() -> int:
    """Print every known vulnerability. The exit code is 1 if there is one, and 0 if the service cannot be reached."""
    ran = subprocess.run([sys.executable, *AUDIT], capture_output=True, text=True, check=False)
    try:
        asked = json.loads(ran.stdout)["dependencies"]
    except json.JSONDecodeError:
        asked = []
    known = [each for each in asked if "vulns" in each]
    print(f"pip-audit: {len(known)} of {len(asked)} dependencies are known to the vulnerability service", end="")
    print("." if known else ": the service cannot be reached, nothing was audited.")
    weak = [(each, found) for each in known for found in each["vulns"]]
    for each, found in weak:
        print(
            f"  {each['name']} {each['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'none'}"
        )
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main())
