"""What `start.py` does: the set-up of `.venv`, its commands, the execution of notebooks.

Standard library only, because it runs before anything is installed; `notebooks` alone needs
Jupyter's libraries, and runs inside `.venv`. It imports no other part of the package.
"""
