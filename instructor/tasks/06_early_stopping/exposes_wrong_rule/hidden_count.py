from course_utils.exercises import attempt

with attempt("exposes_wrong_rule", exposes_wrong_rule) as hidden:
    judge = exposes_wrong_rule
    check.verdict(hidden, judge, check.rule(), "")
    check.verdict(hidden, judge, check.rule(resets=False), "never sets the count back")
    fault = "compares with the epoch before"
    check.verdict(hidden, judge, check.rule(previous=True), fault)
