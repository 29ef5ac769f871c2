from course_utils.exercises import attempt

with attempt("fine_tune", fine_tune) as hidden:
    check.carried_over(hidden, fine_tune, world=1, classes=3, training=True)
    check.carried_over(hidden, fine_tune, world=2, classes=5, training=False)
