"""The `jubilee` command: it composes the other rooms, loads the sample and runs everything in one process."""
