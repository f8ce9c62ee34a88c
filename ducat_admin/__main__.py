"""`python -m ducat_admin`: the command `ducat`."""

from ducat_admin.command import main

main()
