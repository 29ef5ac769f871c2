"""A fuzzer: random small networks, penalties, augmentations, losses and optimizers, some with a
trap, trained as a fleet and alone.

    python -m tests.fuzzing 137                        one case: what it is and what differed
    python -m tests.fuzzing --cases 5000 --from 300    many, and a table of what was found

`problems`, `networks` (of `pieces` and `layers`), `optimizers` and `parts` draw what a case is
made of, `recipes` puts it together, `traps` change one ingredient of it; `judging` runs it as a
fleet and `alone`, and `comparing` says what differed.
Case number k is the same on every computer.
"""
