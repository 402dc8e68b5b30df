"""What the commands of ``covid-ctl`` do, by theme; ``controller.cli`` has their names and options."""
