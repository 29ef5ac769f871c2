from course_utils.exercises import attempt

with attempt("adamw", adamw, by_hand=check.OPTIMIZERS) as hidden:
    for steps, lr in ((12, 0.05), (3, 0.5), (0, 0.1)):
        check.like_adamw(hidden, adamw, steps=steps, lr=lr, weight_decay=0.0)
    check.like_adamw(hidden, adamw, steps=6, lr=0.05, weight_decay=0.0, n=70, training=False)
    check.like_adamw(hidden, adamw, steps=4, lr=0.05, weight_decay=0.0, left=0.7)
    check.like_adamw(hidden, adamw, steps=5, lr=0.01, weight_decay=0.0, scale=1e-7)
