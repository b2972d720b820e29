"""`python -m backend` is the `virtual-conductor` command."""

from backend.cli import main

main()
