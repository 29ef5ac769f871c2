import math
import random

import numpy as np
from scipy.special import stdtrit

from course_utils.evidence import estimate, paired_difference
from course_utils.exercises import lesson_07 as check
from course_utils.search import Range
