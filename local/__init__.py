"""The laptop: AWS's stand-in, dev certificates, a TLS gateway, sandbox people, a sample bank, a demo fintech. Not deployed."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - before anything is imported that older ones can't read
    sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0])
