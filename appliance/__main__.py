"""`python -m appliance` is `concentrator`."""

import sys

from appliance.cli import main

sys.exit(main())
