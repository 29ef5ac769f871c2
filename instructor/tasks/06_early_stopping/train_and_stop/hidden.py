from course_utils.exercises import attempt

with attempt("train_and_stop", train_and_stop) as hidden:
    check.stopped_in_time(hidden, train_and_stop, 1)
    check.stopped_in_time(hidden, train_and_stop, 2)
