from course_utils.exercises import attempt

with attempt("train_shifted", train_shifted) as hidden:
    check.in_two_calls(hidden, train_shifted)
