from course_utils.exercises import attempt

with attempt("train_and_stop", train_and_stop) as hidden:
    check.in_two_calls(hidden, train_and_stop)
