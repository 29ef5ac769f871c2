"""The still figures of the lessons: a module for each lesson, a function for each figure."""
