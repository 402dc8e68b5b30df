"""``python -m controller`` is ``covid-ctl``."""

from controller.cli.main import main

main()
