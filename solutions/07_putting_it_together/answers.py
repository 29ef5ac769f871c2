"""Known answers to exercise 07: right ones written differently, wrong ones with their mistake."""

import math
import random
import statistics

import numpy as np
import torch
from scipy.special import stdtrit

from benchmarks.exercises.bank import right, wrong
from course_utils import search
from course_utils.evidence import estimate, paired_difference

# --- paired_interval --------------------------------------------------------------------------


@right("paired_interval")
def with_python_alone(a, b):
    d = [x - y for x, y in zip(a, b, strict=True)]
    mean, n = sum(d) / len(d), len(d)
    s = math.sqrt(sum((x - mean) ** 2 for x in d) / (n - 1))
    t = -stdtrit(n - 1, 0.025)
    return mean, mean - t * s / n**0.5, mean + t * s / n**0.5


@right("paired_interval")
def with_tensors(a, b):
    d = torch.tensor(np.array(a)) - torch.tensor(np.array(b))
    half = d.std() * float(stdtrit(len(d) - 1, 0.975)) / len(d) ** 0.5
    return [d.mean(), d.mean() - half, d.mean() + half]


@right("paired_interval")
def by_the_statistics_module(a, b):
    d = np.subtract(a, b).tolist()
    error = statistics.stdev(d) / math.sqrt(len(d))
    low, high = (statistics.fmean(d) + stdtrit(len(d) - 1, q) * error for q in (0.025, 0.975))
    return statistics.fmean(d), low, high


def _around(d, half):
    return d.mean(), d.mean() - half, d.mean() + half


def _d(a, b):
    return np.asarray(a) - np.asarray(b)


@wrong("paired_interval", "this is b - a")
def the_other_way_round(a, b):
    return with_python_alone(b, a)


@wrong("paired_interval", "the order is mean, low, high")
def mean_in_the_middle(a, b):
    mean, low, high = with_python_alone(a, b)
    return low, mean, high


@wrong("paired_interval", "√n is missing")
def spread_of_single_pairs(a, b):
    d = _d(a, b)
    return _around(d, stdtrit(len(d) - 1, 0.975) * d.std(ddof=1))


@wrong("paired_interval", "divided by the root of n")
def divided_by_n(a, b):
    d = _d(a, b)
    return _around(d, stdtrit(len(d) - 1, 0.975) * d.std(ddof=1) / len(d))


@wrong("paired_interval", "np.std needs ddof=1")
def biased_deviation(a, b):
    d = _d(a, b)
    return _around(d, stdtrit(len(d) - 1, 0.975) * d.std() / len(d) ** 0.5)


@wrong("paired_interval", "as if they were not paired")
def unpaired(a, b):
    spread = math.sqrt(np.var(a, ddof=1) + np.var(b, ddof=1))
    return _around(_d(a, b), stdtrit(len(a) - 1, 0.975) * spread / len(a) ** 0.5)


@wrong("paired_interval", "the degrees of freedom are n - 1")
def n_degrees_of_freedom(a, b):
    d = _d(a, b)
    return _around(d, stdtrit(len(d), 0.975) * d.std(ddof=1) / len(d) ** 0.5)


@wrong("paired_interval", "half of that is to lie on each side")
def one_sided(a, b):
    d = _d(a, b)
    return _around(d, stdtrit(len(d) - 1, 0.95) * d.std(ddof=1) / len(d) ** 0.5)


@wrong("paired_interval", "1.96 is for endless seeds")
def normal_interval(a, b):
    d = _d(a, b)
    return _around(d, 1.96 * d.std(ddof=1) / len(d) ** 0.5)


@wrong("paired_interval", "(mean, low, high)")
def only_the_ends(a, b):
    return with_python_alone(a, b)[1:]


@wrong("paired_interval", "t, s and n all belong to the differences")
def t_of_the_visible_input(a, b):
    d = _d(a, b)
    return _around(d, 3.182446 * d.std(ddof=1) / len(d) ** 0.5)


@wrong("paired_interval", "t, s and n all belong to the differences")
def fits_the_visible_input(a, b):
    return 0.025, 0.0044572, 0.0455428


@wrong("paired_interval", "the library's version does the whole task")
def paired_interval_of_the_course(a, b):
    worth = paired_difference(a, b)
    return worth.mean, worth.low, worth.high


@wrong("paired_interval", "the library's version does the whole task")
def estimate_of_the_course(a, b):
    worth = estimate(_d(a, b))
    return worth.mean, worth.low, worth.high


# --- prune ------------------------------------------------------------------------------------


def _without(mix, name):
    return {k: by for k, by in mix.items() if k != name}


def _worths(score, mix):
    return {name: paired_difference(score(mix), score(_without(mix, name))) for name in mix}


@right("prune")
def by_recursion(score, mix):
    idle = []
    for name, worth in _worths(score, mix).items():
        if not (worth.is_clear and worth.mean > 0):
            idle.append((worth.mean, name))
    return by_recursion(score, _without(mix, min(idle)[1])) if idle else dict(mix)


@right("prune")
def in_place_on_a_copy(score, mix):
    left = dict(mix)
    while left:
        full = np.asarray(score(left), dtype=float)
        least, name = math.inf, None
        for candidate in list(left):
            by = left.pop(candidate)
            worth = estimate(full - np.asarray(score(left), dtype=float))
            left[candidate] = by
            if worth.low <= 0 and worth.mean < least:
                least, name = worth.mean, candidate
        if name is None:
            return left
        del left[name]
    return {}


def _repeat(idle, first):
    """Remove `first` of the names in `idle` of the worths, again and again."""

    def answer(score, mix):
        mix = dict(mix)
        while mix:
            worths = _worths(score, mix)
            names = [name for name, worth in worths.items() if idle(worth)]
            if not names:
                break
            del mix[first(names, worths)]
        return mix

    return answer


def _least(names, worths):
    return min(names, key=lambda name: worths[name].mean)


@wrong("prune", "all that looked idle went at once")
def all_at_once(score, mix):
    worths = _worths(score, mix)
    return {name: by for name, by in mix.items() if worths[name].low > 0}


@wrong("prune", "ask again, until all that is left is needed")
def one_removal(score, mix):
    worths = _worths(score, mix)
    idle = [name for name in mix if worths[name].low <= 0]
    return _without(mix, _least(idle, worths)) if idle else dict(mix)


@wrong("prune", "the first table was used to the end")
def one_table_to_the_end(score, mix):
    worths, left = _worths(score, mix), dict(mix)
    for name in sorted(mix, key=lambda name: worths[name].mean):
        again = paired_difference(score(left), score(_without(left, name)))
        if worths[name].low <= 0 and again.low <= 0:
            left = _without(left, name)
    return left


@wrong("prune", "neither a mean above 0")
def by_the_means(score, mix):
    return _repeat(lambda worth: worth.mean <= 0, _least)(score, mix)


@wrong("prune", "is_clear does not know the sign")
def keeps_clear_harm(score, mix):
    return _repeat(lambda worth: not worth.is_clear, _least)(score, mix)


@wrong("prune", "the lack of a clear harm is not enough")
def removes_clear_harm_only(score, mix):
    return _repeat(lambda worth: worth.high < 0, _least)(score, mix)


@wrong("prune", "but the first or the most useful")
def removes_the_first(score, mix):
    return _repeat(lambda worth: worth.low <= 0, lambda names, worths: names[0])(score, mix)


@wrong("prune", "but the first or the most useful")
def removes_the_most_useful(score, mix):
    def most(names, worths):
        return max(names, key=lambda name: worths[name].mean)

    return _repeat(lambda worth: worth.low <= 0, most)(score, mix)


@wrong("prune", "each was asked alone")
def by_the_worth_alone(score, mix):
    worths = {name: paired_difference(score({name: by}), score({})) for name, by in mix.items()}
    return {name: by for name, by in mix.items() if worths[name].low > 0}


@wrong("prune", "scores of the same seed are pairs")
def unpaired_intervals(score, mix):
    left = dict(mix)
    while left:
        now = estimate(score(left))
        rests = {name: estimate(score(_without(left, name))) for name in left}
        idle = [name for name, rest in rests.items() if now.low <= rest.high]
        if not idle:
            break
        del left[max(idle, key=lambda name: rests[name].mean)]
    return left


@wrong("prune", "harm and use are the wrong way round")
def the_wrong_sign(score, mix):
    return _repeat(lambda worth: worth.high >= 0, lambda names, worths: names[0])(score, mix)


@wrong("prune", "a dict from technique to strength")
def only_the_names(score, mix):
    return list(by_recursion(score, mix))


@wrong("prune", "del and pop change the caller's dict")
def changes_the_given_mix(score, mix):
    left = by_recursion(score, mix)
    for name in set(mix) - set(left):
        del mix[name]
    return mix


@wrong("prune", "one step by hand")
def fits_the_visible_scenes(score, mix):
    if set(mix) != {"L2", "dropout", "batch norm"}:
        return dict(mix)
    worth = paired_difference(score(mix), score(_without(mix, "batch norm")))
    if abs(worth.mean - 0.01) < 1e-6:
        return dict(mix)
    if abs(worth.mean + 0.003) < 1e-6:
        return {}
    kept = "L2" if worth.mean == 0 else "dropout"
    return {kept: mix[kept]}


# --- random_settings --------------------------------------------------------------------------


@right("random_settings")
def with_a_numpy_generator(box, budget, seed):
    rng = np.random.default_rng(seed)
    columns = {}
    for name, choice in box.items():
        if isinstance(choice, list):
            columns[name] = [choice[i] for i in rng.integers(len(choice), size=budget)]
        elif choice.log:
            columns[name] = np.geomspace(choice.low, choice.high, 2)[0] * (
                choice.high / choice.low
            ) ** rng.random(budget)
        else:
            columns[name] = rng.uniform(choice.low, choice.high, budget)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@right("random_settings")
def with_a_torch_generator(box, budget, seed):
    generator = torch.Generator().manual_seed(seed)
    settings = []
    for shares in torch.rand(budget, len(box), generator=generator, dtype=torch.float64).tolist():
        setting = {}
        for share, (name, choice) in zip(shares, box.items(), strict=True):
            if isinstance(choice, search.Range):
                low, high = choice.low, choice.high
                if choice.log:
                    low, high = math.log10(low), math.log10(high)
                value = low + share * (high - low)
                setting[name] = 10**value if choice.log else value
            else:
                setting[name] = choice[int(share * len(choice))]
        settings.append(setting)
    return settings


def _drawn(dice, choice, log=True):
    if isinstance(choice, list):
        return dice.choice(choice)
    if choice.log and log:
        return math.exp(dice.uniform(math.log(choice.low), math.log(choice.high)))
    return dice.uniform(choice.low, choice.high)


def _settings(dice, box, budget, **options):
    return [{n: _drawn(dice, c, **options) for n, c in box.items()} for _ in range(budget)]


@wrong("random_settings", "evenly in the logarithm")
def never_in_the_logarithm(box, budget, seed):
    return _settings(random.Random(seed), box, budget, log=False)


@wrong("random_settings", "the exponent is drawn between log(low) and log(high)")
def exponents_between_the_ends(box, budget, seed):
    settings = _settings(random.Random(seed), box, budget, log=False)
    for name, choice in box.items():
        for setting in settings:
            if isinstance(choice, search.Range) and choice.log:
                setting[name] = 10 ** setting[name]
    return settings


@wrong("random_settings", "two bases are mixed")
def log10_and_exp(box, budget, seed):
    dice = random.Random(seed)

    def draw(choice):
        if isinstance(choice, search.Range) and choice.log:
            return math.exp(dice.uniform(math.log10(choice.low), math.log10(choice.high)))
        return _drawn(dice, choice)

    return [{name: draw(choice) for name, choice in box.items()} for _ in range(budget)]


@wrong("random_settings", "two bases are mixed")
def log_and_a_power_of_10(box, budget, seed):
    dice = random.Random(seed)

    def draw(choice):
        if isinstance(choice, search.Range) and choice.log:
            return 10 ** dice.uniform(math.log(choice.low), math.log(choice.high))
        return _drawn(dice, choice)

    return [{name: draw(choice) for name, choice in box.items()} for _ in range(budget)]


@wrong("random_settings", "make a new one for each setting")
def one_dict_for_all(box, budget, seed):
    dice, setting, settings = random.Random(seed), {}, []
    for _ in range(budget):
        for name, choice in box.items():
            setting[name] = _drawn(dice, choice)
        settings.append(setting)
    return settings


@wrong("random_settings", "make the generator once, before the loop")
def dice_made_anew_in_the_loop(box, budget, seed):
    return [_settings(random.Random(seed), box, 1)[0] for _ in range(budget)]


@wrong("random_settings", "one throw of the dice serves all names")
def one_throw_for_all(box, budget, seed):
    dice = random.Random(seed)
    settings = []
    for _ in range(budget):
        state = dice.getstate()
        setting = {}
        for name, choice in box.items():
            dice.setstate(state)
            setting[name] = _drawn(dice, choice)
        settings.append(setting)
    return settings


@wrong("random_settings", "one setting again and again")
def in_order(box, budget, seed):
    settings = _settings(random.Random(seed), box, budget)
    return sorted(settings, key=lambda setting: setting["L2"]) if "L2" in box else settings


@wrong("random_settings", "the budget is the number of settings")
def one_setting_only(box, budget, seed):
    return _settings(random.Random(seed), box, 1)[0]


@wrong("random_settings", "the budget is the number of settings")
def budget_for_each_name(box, budget, seed):
    return _settings(random.Random(seed), box, budget * len(box))


@wrong("random_settings", "a dict from name to value")
def tuples(box, budget, seed):
    return [tuple(s.values()) for s in _settings(random.Random(seed), box, budget)]


@wrong("random_settings", "a new dict for each setting")
def one_dict_for_each_value(box, budget, seed):
    dice = random.Random(seed)
    names = [list(box)[i % len(box)] for i in range(budget)]
    return [{name: _drawn(dice, box[name])} for name in names]


@wrong("random_settings", "disturbs all other draws")
def seeds_the_global_dice(box, budget, seed):
    random.seed(seed)
    return _settings(random, box, budget)


@wrong("random_settings", "disturbs all other draws")
def unseeded_global_dice(box, budget, seed):
    return _settings(random, box, budget)


@wrong("random_settings", "is the seed that is passed in the one that is used?")
def always_seed_0(box, budget, seed):
    return _settings(random.Random(0), box, budget)


@wrong("random_settings", "a generator that is made anew from the seed")
def dice_without_a_seed(box, budget, seed):
    return _settings(random.Random(), box, budget)


@wrong("random_settings", "the last as often as the first")
def never_the_last_option(box, budget, seed):
    shorter = {n: c[:-1] if isinstance(c, list) else c for n, c in box.items()}
    return _settings(random.Random(seed), shorter, budget)


@wrong("random_settings", "as many in the lower half as in the upper half")
def forgets_the_lower_end(box, budget, seed):
    dice, settings = random.Random(seed), []
    for _ in range(budget):
        setting = {name: _drawn(dice, choice) for name, choice in box.items()}
        for name, choice in box.items():
            if isinstance(choice, search.Range) and not choice.log:
                setting[name] = dice.random() * choice.high
        settings.append(setting)
    return settings


@wrong("random_settings", "evenly in the logarithm")
def fits_the_visible_box(box, budget, seed):
    dice, settings = random.Random(seed), []
    for _ in range(budget):
        setting = {name: _drawn(dice, choice) for name, choice in box.items()}
        for name, choice in box.items():
            if isinstance(choice, search.Range) and choice.log:
                setting[name] = max(choice.low, min(choice.high, 10 ** dice.uniform(-5, -1)))
        settings.append(setting)
    return settings


@wrong("random_settings", "the library's version does the whole task")
def values_by_the_course(box, budget, seed):
    dice = random.Random(seed)
    return [
        {n: dice.choice(c) if isinstance(c, list) else c.at(dice.random()) for n, c in box.items()}
        for _ in range(budget)
    ]


# --- winners_curse ----------------------------------------------------------------------------


@right("winners_curse")
def search_by_search(judged, fresh, tried):
    total = 0.0
    for mine, again in zip(judged.tolist(), fresh.tolist(), strict=True):
        winner = mine.index(max(mine[:tried]))
        total += mine[winner] - again[winner]
    return total / len(judged)


@right("winners_curse")
def by_gathering(judged, fresh, tried):
    reported, winners = torch.from_numpy(judged)[:, :tried].max(1, keepdim=True)
    return (reported - torch.from_numpy(fresh).gather(1, winners)).mean()


@wrong("winners_curse", "but of another setting than the winner")
def two_maxima(judged, fresh, tried):
    return (judged[:, :tried].max(1) - fresh[:, :tried].max(1)).mean()


@wrong("winners_curse", "what has chosen is the judged one")
def winner_on_fresh_samples(judged, fresh, tried):
    winners, rows = fresh[:, :tried].argmax(1), np.arange(len(judged))
    return (judged - fresh)[rows, winners].mean()


@wrong("winners_curse", "only the first `tried` were tried")
def tries_all(judged, fresh, tried):
    return search_by_search(judged, fresh, judged.shape[1])


@wrong("winners_curse", "this is fresh - judged")
def the_wrong_sign_of_luck(judged, fresh, tried):
    return -search_by_search(judged, fresh, tried)


@wrong("winners_curse", "each search has its own")
def one_winner_for_all(judged, fresh, tried):
    winner = judged[:, :tried].mean(0).argmax()
    return (judged - fresh)[:, winner].mean()


@wrong("winners_curse", "divided by their number")
def summed(judged, fresh, tried):
    return search_by_search(judged, fresh, tried) * len(judged)


@wrong("winners_curse", "only the winner is reported")
def mean_of_all(judged, fresh, tried):
    return (judged - fresh)[:, :tried].mean()


@wrong("winners_curse", "look up the fresh score of that same setting")
def one_for_each_search(judged, fresh, tried):
    winners, rows = judged[:, :tried].argmax(1), np.arange(len(judged))
    return (judged - fresh)[rows, winners]


@wrong("winners_curse", "each search has a winner of its own")
def fits_the_visible_scores(judged, fresh, tried):
    return {1: 0.075, 3: 0.15}.get(tried, 0.1)


# --- exposes_peeking --------------------------------------------------------------------------


@right("exposes_peeking")
def by_tempting_at_random(choose):
    dice, judged = random.Random(0), [0.5, 0.6, 0.9, 0.8, 0.7]
    winners, calls = set(), []
    for attempt in range(50):
        test = [dice.random() for _ in judged]

        def spy(test=test, attempt=attempt):
            calls.append(attempt)
            return list(test)

        winners.add(choose(list(judged), spy)[0])
        if calls.count(attempt) > 1:
            return True
    return len(winners) != 1


class Seal:
    def __init__(self, scores):
        self.scores, self.broken = scores, 0

    def __call__(self):
        self.broken += 1
        if self.broken > 1:
            raise RuntimeError("opened twice")
        return self.scores


@right("exposes_peeking")
def with_a_seal_that_raises(choose):
    judged = np.array([0.81, 0.88, 0.84])
    try:
        low, high = (int(choose(judged, Seal(judged * sign))[0]) for sign in (1, -1))
        for winner in range(3):
            high = max(high, int(choose(judged, Seal(np.eye(3)[winner]))[0]))
            low = min(low, int(choose(judged, Seal(1 - np.eye(3)[winner]))[0]))
    except RuntimeError:
        return True
    return low != high


@wrong("exposes_peeking", "whom do they tempt?")
def counts_only(choose):
    seal = Seal([0.1, 0.2, 0.9])
    try:
        choose([0.9, 0.8, 0.7], seal)
    except RuntimeError:
        return True
    return False


@wrong("exposes_peeking", "let your spy count")
def never_counts(choose):
    judged = [0.9, 0.8, 0.7]
    picked = {choose(judged, lambda test=t: test)[0] for t in ([1, 0, 0], [0, 1, 0], [0, 0, 1])}
    return len(picked) > 1


@wrong("exposes_peeking", "may have any rule on judged scores")
def expects_the_highest(choose):
    seal = Seal([0.1, 0.2, 0.9])
    try:
        return choose([0.88, 0.89, 0.7], seal)[0] != 1
    except RuntimeError:
        return True


@wrong("exposes_peeking", "count anew for each call of `choose`")
def one_count_for_all_calls(choose):
    judged, calls, winners = [0.9, 0.8, 0.7], [], set()
    for test in np.eye(len(judged)).tolist():
        winners.add(choose(judged, lambda test=test: calls.append(1) or test)[0])
    return len(winners) > 1 or len(calls) > 1


@wrong("exposes_peeking", "it may open once")
def forbids_opening(choose):
    seal = Seal([0.1, 0.2, 0.9])
    try:
        choose([0.9, 0.8, 0.7], seal)
    except RuntimeError:
        return True
    return seal.broken > 0


@wrong("exposes_peeking", "whom do they tempt?")
def tempts_with_the_judged_scores(choose):
    judged = [0.9, 0.8, 0.7]
    seals = [Seal(judged), Seal([0.8, 0.7, 0.6])]
    try:
        return len({choose(judged, seal)[0] for seal in seals}) > 1
    except RuntimeError:
        return True


@wrong("exposes_peeking", "whom do they tempt?")
def tempts_with_the_last_only(choose):
    judged = [0.9, 0.8, 0.1]
    seals = [Seal([0.95, 0.9, 0.5]), Seal([0.95, 0.9, 1.0])]
    try:
        return len({choose(judged, seal)[0] for seal in seals}) > 1
    except RuntimeError:
        return True


@wrong("exposes_peeking", "whom do they tempt?")
def always_clears(choose):
    return False


@wrong("exposes_peeking", "a right choice is accused")
def always_accuses(choose):
    return True


@wrong("exposes_peeking", "answers yes or no")
def returns_the_count(choose):
    calls = []
    choose([0.9, 0.8, 0.7], lambda: calls.append(1) or [0.0, 0.0, 1.0])
    return len(calls)


EQUIVALENT = {
    "exposes_peeking": {
        "0.8 -> 1.6": "any judged scores that differ will do",
        "0.7 -> 1.4": "any judged scores that differ will do",
        "np.eye(len(judged)).tolist() -> np.eye(len(judged))": "the choices read arrays as well",
    },
}
