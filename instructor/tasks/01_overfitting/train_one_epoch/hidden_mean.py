from course_utils.exercises import attempt
from course_utils.exercises.lesson_01.train_one_epoch import mean_of_the_epoch

with attempt("train_one_epoch", train_one_epoch, by_hand=check.TRAINING_LIBRARY) as hidden:
    for sizes in ([7], [5, 1], [4, 4], [3, 3, 3, 2]):
        mean_of_the_epoch(hidden, train_one_epoch, sizes)
    mean_of_the_epoch(hidden, train_one_epoch, [4, 2], normed=True)
