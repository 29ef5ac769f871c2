"""A mark that is decided outside the process in which a student's code runs.

The checks run unchanged in the judge's process; the student's function is a stand-in there, whose
calls are answered by a player in a process of its own. Modules, from the bottom: `wire` (messages);
`numbers`, `known`, `writing` and `things` (how values cross); `states` (what has changed in them);
`errors`, `gradients`, `stand_ins` and `peer` (calls in both directions); `player` (the student's
side); `isolation` and `host` (what players are forked from); `sandbox` (how that is started);
`cells` (what a cell's text does); `watching` (what is changed around a check); `judge`.

Nothing here but `judge` knows the tasks: a player runs where they are not in sight.
"""
