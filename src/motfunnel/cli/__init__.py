"""The command line: arguments in, answers out. Computes nothing itself.

Needs the extra ``cli``; without it, ``main`` says what to install.
"""

import sys

from motfunnel.errors import install


def main() -> int:
    """Run the command line; give the exit code."""
    try:
        import click  # noqa: F401
        import rich  # noqa: F401
    except ImportError:
        print(f"the command line needs more: {install('cli')}", file=sys.stderr)
        return 3
    from motfunnel.cli.group import group

    group.main(prog_name="motfunnel")
    return 0
