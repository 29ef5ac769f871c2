from course_utils.exercises import attempt

with attempt("fit_with_dropout", fit_with_dropout, by_hand=check.FITS) as hidden:
    for epochs, training in ((4, False), (1, True), (7, True)):
        check.modes(hidden, fit_with_dropout, epochs=epochs, training=training)
        check.numbers(hidden, fit_with_dropout, epochs=epochs, training=training, lr=0.3)
    check.modes(hidden, fit_with_dropout, epochs=3, training=False, dropout=check.OwnDropout)
    check.numbers(hidden, fit_with_dropout, epochs=3, training=False, lr=0.01)
    check.numbers(hidden, fit_with_dropout, epochs=2, training=True, lr=0.2, left=1.0)
    check.numbers(hidden, fit_with_dropout, epochs=6, training=True, lr=3.0, n=90)
    # The validation loss is lowest after epoch 2 and rises to the end, which is no reason to stop.
    check.numbers(hidden, fit_with_dropout, epochs=40, training=True, lr=1.0)
