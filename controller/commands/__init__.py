"""The commands of ``covid-ctl`` by theme. Imports wait until a command needs them."""
