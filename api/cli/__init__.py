"""The command line: ``spreekuur``."""

import rich_click as click

from api.cli import (
    bookings,
    catalogue,
    demo,
    erasure,
    inbound,
    operate,
    organisation,
    outbox,
    rates,
    setup,
    vault,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="spreekuur-server", prog_name="spreekuur")
def main() -> None:
    """Book the meetings that matter, prepare both sides, tell customers what changed for them."""


_MODULES = (
    demo,
    operate,
    organisation,
    setup,
    catalogue,
    bookings,
    rates,
    outbox,
    inbound,
    erasure,
    vault,
)
for module in _MODULES:
    for command in module.COMMANDS:
        main.add_command(command)
