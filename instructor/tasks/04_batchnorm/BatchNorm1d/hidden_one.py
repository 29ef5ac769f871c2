from course_utils.exercises import attempt

with attempt("BatchNorm1d", BatchNorm1d, by_hand=check.LIBRARY) as hidden:
    check.own_lines(hidden, BatchNorm1d)
    for features in (1, 5):
        check.refuses_one(hidden, BatchNorm1d(features), torch.randn(1, features))
