from course_utils.exercises import attempt

with attempt("adamw", adamw, by_hand=check.OPTIMIZERS) as hidden:
    for steps, lr, decay in ((1, 0.1, 0.5), (10, 0.02, 3.0), (25, 0.3, 0.01)):
        check.like_adamw(hidden, adamw, steps=steps, lr=lr, weight_decay=decay)
