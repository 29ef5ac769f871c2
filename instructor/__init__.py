"""The instructor's part: the exercise tasks, the generator of notebooks and guides, and the bank.

Students get the course without this folder and without `solutions/`, so nothing that students get
imports it.
"""
