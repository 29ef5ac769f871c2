import numpy as np

from course_utils.evidence import paired_difference

for name, (plain, normed) in check.sweeps().items():
    print(f"{name}\nplain:\n{plain}\nnormed:\n{normed}\n")
