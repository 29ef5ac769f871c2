"""What panels ask of the data that they are given."""

from course_utils.data import Dataset


def classes_of(data: Dataset) -> int:
    """The number of classes; raises ValueError for a regression data set, which has none."""
    if data.num_classes is None:
        raise ValueError(
            f"this panel needs class labels, got the regression data set {data.name!r}; "
            'pass e.g. load_dataset("digits", n_train=500)'
        )
    return data.num_classes
