from course_utils.exercises import attempt

with attempt("train_shifted", train_shifted) as hidden:
    check.knows_moved(hidden, train_shifted, 1, 2, turned=3)
