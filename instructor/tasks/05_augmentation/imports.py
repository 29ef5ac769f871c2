import torch
import torch.nn.functional as F

from course_utils.augmentation import RandomShift
from course_utils.evidence import paired_difference
from course_utils.exercises import lesson_05 as check
