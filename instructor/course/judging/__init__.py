"""A mark that is decided outside the process in which a student's code runs.

The checks run unchanged in the judge's process. There the student's function is a stand-in, whose
calls are answered by a player, a process of its own. Modules, from the bottom: `wire` (messages);
`numbers`, `known`, `writing` and `things` (values in messages); `states` (changes in known
objects); `errors`, `gradients`, `stand_ins` and `peer` (calls in both directions); `player` (the
student's side); `isolation` and `host` (the process that players are forked from); `sandbox` (which
starts it); `cells` (the text of cells); `watching` (changes around a check); `judge`.

Only `judge` knows the tasks, because a player runs where it cannot see them.
"""
