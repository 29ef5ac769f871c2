from course_utils.exercises import attempt

with attempt("fine_tune", fine_tune) as hidden:
    check.in_two_calls(hidden, fine_tune)
