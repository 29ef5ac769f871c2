from course_utils.checks.mistakes import Mistakes
from course_utils.exercises import attempt


class Mistake(Mistakes):
    THE_LARGEST_IF_NONE = "if all of them are clearly worse, the answer is (None, 0.0)"


with attempt("choose_patience", choose_patience) as hidden:
    watched = np.array([[9, 8, 7, 6, 7, 5, 6, 6, 4, 3], [9, 8, 9, 9, 9, 9, 9, 9, 9, 9.0]])
    watched = np.vstack([watched, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]])
    for patience, wanted in ((2, 8 / 3), (3, 5 / 3), (6, 2 / 3), (8, 0.0)):
        on = f"three seeds, 9 epochs, equal fresh losses; patiences = [{patience}]"
        got = hidden.pair(
            choose_patience(watched, 0 * watched, [patience]), "patience, saved", on=on
        )[1]
        hint = "the last epoch of the record minus that of the stop; never stopped saves 0"
        hidden.close("epochs saved", got, wanted, on=on, hint=hint)
    watched = np.array([[5, 4, 4.2, 3], [6, 5, 5.2, 4]])
    on = "two seeds, 3 epochs, patience 1 is clearly worse; patiences = [1]"
    got = hidden.pair(choose_patience(watched, watched, [1]), "patience, saved", on=on)[1]
    hint = Mistake.THE_LARGEST_IF_NONE
    hidden.close("nothing is saved", got, 0.0, on=on, hint=hint)
