from course_utils.exercises import attempt

with attempt("memorize", memorize) as hidden:
    check.in_two_calls(hidden, memorize)
