"""Commands by what they are for. Imports wait until a command needs them."""
