from course_utils.exercises import attempt

with attempt("exposes_wrong_rule", exposes_wrong_rule) as hidden:
    judge = exposes_wrong_rule
    check.verdict(hidden, judge, check.rule(), "")
    fault = "counts a tie as an improvement"
    check.verdict(hidden, judge, check.rule(lambda loss, best: loss <= best), fault)
    fault = "waits for one epoch less than `patience`"
    check.verdict(hidden, judge, check.rule(late=-1), fault)
