import torch
from torch import nn

from course_utils.exercises import lesson_03 as check
