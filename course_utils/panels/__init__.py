"""The live panels of the lessons: a package for each lesson, a function for each panel.

A lesson shows a panel with a single call, and the call returns it: what it trains, draws and says
is here, so that the lesson can stay with its own lines.
"""
