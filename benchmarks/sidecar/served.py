"""The sidecar in a process of its own, with the rules that the scripted calls are decided by."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.bodies import rule_file
from benchmarks.child import answer_parent
from pinnedrules.guard import Guard
from pinnedrules.hosts.sidecar.serving import Serving
from pinnedrules.hosts.sidecar.upstreams import Upstream, Upstreams

_RULES = 20
_MAIL = """\
  - id: own-mail
    text: Send mail only inside example.com.
    on: send_mail
    require: {recipients: {domain_in: [example.com]}}
    else: deny
    then: allow
"""


def main() -> None:
    """Serve in front of the server named on the command line until standard input ends."""
    server = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder, "rules.yaml")
        rules.write_text(rule_file(_RULES) + _MAIL, encoding="utf-8")
        upstreams = Upstreams(openai=Upstream(f"{server}/v1"), anthropic=Upstream(server))
        with (
            Guard(rules, approver="tickets", quiet=True, state=Path(folder, "state")) as guard,
            Serving(guard, upstreams=upstreams) as serving,
        ):
            answer_parent({"url": f"{serving.url}/t/{serving.token}"})


if __name__ == "__main__":
    main()
