"""Set up the course and open it. Everything happens in this folder; nothing else is changed.

    python3 start.py              make .venv, install the course, open JupyterLab at lesson 1,
                                  in a copy of your own (my_course)
    python3 start.py test         the same set-up, then every check and test of the project
    python3 start.py --help       the other commands

Standard library only. This file is written so that even a very old Python can read it far enough
to say that it is too old; the work is done in course_utils/tooling.
"""

import os
import sys

OLDEST = (3, 11)


def newer_pythons():
    """Names of newer Pythons that this computer seems to have."""
    names = ["python3.%d" % minor for minor in range(14, OLDEST[1] - 1, -1)]
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return [
        name
        for name in names
        if any(os.path.exists(os.path.join(folder, name)) for folder in folders)
    ]


def too_old():
    """What to tell a reader whose Python cannot run the course."""
    found = "%d.%d.%d" % tuple(sys.version_info[:3])
    lines = [
        "This course needs Python %d.%d or newer, and this is Python %s"
        % (OLDEST[0], OLDEST[1], found),
        "(%s)." % sys.executable,
        "",
    ]
    others = newer_pythons()
    if others:
        lines += ["A newer one seems to be here. Try:", "", "    %s start.py" % others[0]]
    else:
        lines += [
            "Install a newer one from https://www.python.org/downloads/ (it can stand beside the",
            "old one), open a new terminal in this folder, and run start.py with it:",
            "",
            "    py start.py" if os.name == "nt" else "    python3 start.py",
        ]
    return "\n".join(lines)


if sys.version_info < OLDEST:
    sys.exit(too_old())

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from course_utils.tooling.cli import main

    sys.exit(main(sys.argv[1:]))
