"""The instructor's part: every exercise task, what is generated from it, and how it is tested.

Students get the course without this folder and without `solutions/`. Nothing that students get
imports it.
"""
