import numpy as np

from course_utils.evidence import paired_difference

values, val_acc = check.small_sweep()
for p, row in zip(values, val_acc, strict=True):
    print(f"p = {p}: {row.round(3)}, mean {row.mean():.4f}")
