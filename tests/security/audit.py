"""Ask whether what we depend on has known weaknesses; `make security` runs it.

pip-audit takes what the vulnerability service does not answer for as free of weaknesses. Here that is said.
"""

import json
import subprocess
import sys

AUDIT = ("-m", "pip_audit", "-r", "constraints.txt", "--no-deps", "--disable-pip", "--format", "json")


def main() -> int:
    """Name every known weakness; the exit code is 1 if there is one, and 0 too where nobody could be asked."""
    ran = subprocess.run([sys.executable, *AUDIT], capture_output=True, text=True, check=False)
    try:
        asked = json.loads(ran.stdout)["dependencies"]
    except json.JSONDecodeError:
        asked = []
    known = [each for each in asked if "vulns" in each]
    print(f"pip-audit: {len(known)} of {len(asked)} dependencies are known to the vulnerability service", end="")
    print("." if known else ": it cannot be reached, and nothing was audited.")
    weak = [(each, found) for each in known for found in each["vulns"]]
    for each, found in weak:
        print(
            f"  {each['name']} {each['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'none'}"
        )
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main())
