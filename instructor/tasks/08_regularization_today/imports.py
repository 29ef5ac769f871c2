import copy

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.exercises import lesson_08 as check
