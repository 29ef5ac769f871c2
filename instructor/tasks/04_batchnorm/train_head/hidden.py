from course_utils.exercises import attempt

with attempt("train_head", train_head) as hidden:
    for steps, training, lr in ((5, True, 0.5), (5, False, 0.1), (1, True, 0.2)):
        check.only_the_head(hidden, train_head, steps=steps, training=training, lr=lr)
    check.only_the_head(hidden, train_head, steps=4, training=True, lr=0.3, in_body=0.5)
    check.only_the_head(hidden, train_head, steps=2, training=False, lr=0.3, left=1.0)
    check.only_the_head(hidden, train_head, steps=4, training=True, lr=0.4, n=150)
