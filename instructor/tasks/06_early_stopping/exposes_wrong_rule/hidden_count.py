from course_utils.exercises import attempt, in_any_order

with (
    attempt("exposes_wrong_rule", exposes_wrong_rule) as hidden,
    in_any_order(hidden, check.in_either_reading(exposes_wrong_rule)) as judge,
):
    check.verdict(judge, check.rule(), "")
    check.verdict(judge, check.rule(resets=False), "never sets the count back")
    fault = "compares with the epoch before"
    check.verdict(judge, check.rule(previous=True), fault)
