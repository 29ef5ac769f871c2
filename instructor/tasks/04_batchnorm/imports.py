import copy

import numpy as np
import torch
from torch import nn

from course_utils.evidence import paired_difference
from course_utils.exercises import lesson_04 as check
