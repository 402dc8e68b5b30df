"""From a command's options to the steps and Jobs that it means."""
