"""The data sets by what a test may ask of them, so that a new one meets the tests of its kind."""

from course_utils.data import DATASETS, load_dataset

DOWNLOADED = ["mnist", "fashion_mnist"]
BUNDLED = [name for name in DATASETS if name not in DOWNLOADED]
CLASSIFIED = [name for name in BUNDLED if load_dataset(name).num_classes]
