"""`python -m claims [LESSONS]`: a table, then one line of JSON."""

import json
import sys

from claims import main

if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])), flush=True)
