from course_utils.exercises import attempt

with attempt("useful_inputs", useful_inputs) as hidden:
    for n, inputs, useful in ((60, 90, 2), (150, 20, 5), (40, 60, 3)):
        check.chosen(hidden, useful_inputs, n, inputs, useful)
