from course_utils.exercises import attempt, in_any_order

with (
    attempt("exposes_wrong_rule", exposes_wrong_rule) as hidden,
    in_any_order(hidden, check.in_either_reading(exposes_wrong_rule)) as judge,
):
    check.verdict(judge, check.rule(), "")
    fault = "counts a tie as an improvement"
    check.verdict(judge, check.rule(lambda loss, best: loss <= best), fault)
    fault = "waits for one epoch less than `patience`"
    check.verdict(judge, check.rule(late=-1), fault)
