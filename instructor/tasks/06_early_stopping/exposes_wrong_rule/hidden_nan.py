from course_utils.exercises import attempt

with attempt("exposes_wrong_rule", exposes_wrong_rule) as hidden:
    judge = exposes_wrong_rule
    check.verdict(hidden, judge, check.rule(), "")
    fault = "counts a NaN as an improvement"
    check.verdict(hidden, judge, check.rule(lambda loss, best: not loss >= best), fault)
