"""`python -m trials.client deliver`: send what earlier programs could not."""

from __future__ import annotations

import argparse

from trials.client import Client, ClientError


def main() -> str:
    """Deliver the spool and say how much arrived."""
    parser = argparse.ArgumentParser(prog="python -m trials.client")
    parser.add_argument("verb", choices=["deliver"], help="send the reports that wait in the spool")
    parser.add_argument("--url", help="the server; $ESPALIER_URL if left out")
    parser.add_argument("--token", help="$ESPALIER_TOKEN if left out, which keeps it out of the process list")
    parser.add_argument("--spool", help="folder; $ESPALIER_SPOOL or the user's cache if left out")
    given = parser.parse_args()
    try:
        with Client(given.url, given.token, spool=given.spool) as client:
            return f"{client.deliver()} requests arrived."
    except (ClientError, ValueError) as error:
        raise SystemExit(str(error))


if __name__ == "__main__":
    print(main())
