"""Entry point of `python -m linkstar_pipelines.sandbox`.

Here: nothing but the hand-over to the server. Not here: options, routes, the world.
"""

import sys

from linkstar_pipelines.sandbox.server import main

if __name__ == "__main__":
    sys.exit(main())
