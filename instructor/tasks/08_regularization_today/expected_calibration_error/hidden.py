from course_utils.exercises import attempt
from course_utils.exercises.tensors import transposed

with attempt("expected_calibration_error", expected_calibration_error) as hidden:
    for n, classes, bins, dtype, sharp in (
        (200, 10, 15, torch.float32, 3.0),
        (50, 3, 10, torch.float64, 1.0),
        (7, 2, 20, torch.float64, 8.0),
        (90, 4, 1, torch.float32, 2.0),
        (1, 5, 4, torch.float32, 0.0),
        (30, 6, 2, torch.float32, 0.5),
    ):
        logits = sharp * torch.randn(n, classes, dtype=dtype)
        labels = logits.argmax(1)
        lost = torch.rand(n) < 0.4
        labels = torch.where(lost, torch.randint(classes, (n,)), labels)
        on = f"{n} images, {classes} classes, {bins} bins, {dtype}"
        check.calibrated(hidden, expected_calibration_error, logits.softmax(1), labels, bins, on)
    sure = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.25, 0.75]])
    for labels in ([0, 1, 1, 0, 1], [0, 1, 0, 0, 0]):
        on = f"confidences 1, 1, 1, 0.5, 0.75, labels {labels}, 4 bins"
        sure_labels = torch.tensor(labels)
        check.calibrated(hidden, expected_calibration_error, sure, sure_labels, 4, on)
    logits = torch.randn(40, 5, dtype=torch.float64)
    shares, labels, on = logits.softmax(1), torch.arange(40) % 5, "40 images, 5 classes, transposed"
    check.calibrated(hidden, expected_calibration_error, transposed(shares), labels, 8, on)
    # In float32 the first confidence would be 0.5, and in the bin below.
    rows = [[0.5 + 1e-10, 0.5 - 1e-10], [0.25, 0.75], [0.5, 0.5], [0.2, 0.8]]
    near = torch.tensor(rows, dtype=torch.float64)
    on = "confidences 0.5 + 1e-10, 0.75, 0.5 and 0.8 in float64, the second wrong, 2 bins"
    labels = torch.tensor([0, 0, 0, 1])
    check.calibrated(hidden, expected_calibration_error, near, labels, 2, on)
