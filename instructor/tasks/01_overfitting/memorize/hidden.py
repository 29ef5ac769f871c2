from course_utils.exercises import attempt

with attempt("memorize", memorize) as hidden:
    check.in_three_calls(hidden, memorize)
