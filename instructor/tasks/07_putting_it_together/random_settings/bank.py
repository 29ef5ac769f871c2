"""Right and wrong answers to random_settings."""

import math
import random

import numpy as np
import torch

from course_utils import search
from instructor.answers import UNNAMED, right, wrong


@right
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


@right
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


@wrong(UNNAMED)
def a_generator_for_each_setting(box, budget, seed):
    found = []
    for place in range(seed, seed + budget):
        dice = random.Random(place)
        setting = {}
        for name, allowed in box.items():
            share = dice.random()
            if isinstance(allowed, list):
                setting[name] = allowed[int(share * len(allowed))]
            elif allowed.log:
                setting[name] = allowed.low ** (1 - share) * allowed.high**share
            else:
                setting[name] = (1 - share) * allowed.low + share * allowed.high
        found.append(setting)
    return found


@wrong(UNNAMED)
def options_through_numpy(box, budget, seed):
    dice = np.random.default_rng(seed)

    def draw(allowed):
        if isinstance(allowed, list):
            return dice.choice(allowed)
        if allowed.log:
            return float(np.exp(dice.uniform(np.log(allowed.low), np.log(allowed.high))))
        return dice.uniform(allowed.low, allowed.high)

    return [{name: draw(allowed) for name, allowed in box.items()} for _ in range(budget)]


@wrong("not_even_in_the_logarithm")
def never_in_the_logarithm(box, budget, seed):
    return _settings(random.Random(seed), box, budget, log=False)


@wrong("exponents_between_the_ends")
def exponents_between_the_ends(box, budget, seed):
    settings = _settings(random.Random(seed), box, budget, log=False)
    for name, choice in box.items():
        for setting in settings:
            if isinstance(choice, search.Range) and choice.log:
                setting[name] = 10 ** setting[name]
    return settings


@wrong("two_bases")
def log10_and_exp(box, budget, seed):
    dice = random.Random(seed)

    def draw(choice):
        if isinstance(choice, search.Range) and choice.log:
            return math.exp(dice.uniform(math.log10(choice.low), math.log10(choice.high)))
        return _drawn(dice, choice)

    return [{name: draw(choice) for name, choice in box.items()} for _ in range(budget)]


@wrong("two_bases")
def log_and_a_power_of_10(box, budget, seed):
    dice = random.Random(seed)

    def draw(choice):
        if isinstance(choice, search.Range) and choice.log:
            return 10 ** dice.uniform(math.log(choice.low), math.log(choice.high))
        return _drawn(dice, choice)

    return [{name: draw(choice) for name, choice in box.items()} for _ in range(budget)]


@wrong("one_dict_for_all")
def one_dict_for_all(box, budget, seed):
    dice, setting, settings = random.Random(seed), {}, []
    for _ in range(budget):
        for name, choice in box.items():
            setting[name] = _drawn(dice, choice)
        settings.append(setting)
    return settings


@wrong("dice_made_anew_in_the_loop")
def dice_made_anew_in_the_loop(box, budget, seed):
    return [_settings(random.Random(seed), box, 1)[0] for _ in range(budget)]


@wrong("one_throw_for_all")
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


@wrong("in_order")
def in_order(box, budget, seed):
    settings = _settings(random.Random(seed), box, budget)
    return sorted(settings, key=lambda setting: setting["L2"]) if "L2" in box else settings


@wrong("wrong_number")
def one_setting_only(box, budget, seed):
    return _settings(random.Random(seed), box, 1)[0]


@wrong("wrong_number")
def budget_for_each_name(box, budget, seed):
    return _settings(random.Random(seed), box, budget * len(box))


@wrong("not_a_dict_each")
def tuples(box, budget, seed):
    return [tuple(s.values()) for s in _settings(random.Random(seed), box, budget)]


@wrong("not_a_dict_each")
def one_dict_for_each_value(box, budget, seed):
    dice = random.Random(seed)
    names = [list(box)[i % len(box)] for i in range(budget)]
    return [{name: _drawn(dice, box[name])} for name in names]


@wrong("global_dice")
def seeds_the_global_dice(box, budget, seed):
    random.seed(seed)
    return _settings(random, box, budget)


@wrong("global_dice")
def unseeded_global_dice(box, budget, seed):
    return _settings(random, box, budget)


@wrong("always_seed_0")
def always_seed_0(box, budget, seed):
    return _settings(random.Random(0), box, budget)


@wrong("dice_without_a_seed")
def dice_without_a_seed(box, budget, seed):
    return _settings(random.Random(), box, budget)


@wrong("never_the_last_option")
def never_the_last_option(box, budget, seed):
    shorter = {n: c[:-1] if isinstance(c, list) else c for n, c in box.items()}
    return _settings(random.Random(seed), shorter, budget)


@wrong("forgets_the_lower_end")
def forgets_the_lower_end(box, budget, seed):
    dice, settings = random.Random(seed), []
    for _ in range(budget):
        setting = {name: _drawn(dice, choice) for name, choice in box.items()}
        for name, choice in box.items():
            if isinstance(choice, search.Range) and not choice.log:
                setting[name] = dice.random() * choice.high
        settings.append(setting)
    return settings


@wrong("not_even_in_the_logarithm")
def fits_the_visible_box(box, budget, seed):
    dice, settings = random.Random(seed), []
    for _ in range(budget):
        setting = {name: _drawn(dice, choice) for name, choice in box.items()}
        for name, choice in box.items():
            if isinstance(choice, search.Range) and choice.log:
                setting[name] = max(choice.low, min(choice.high, 10 ** dice.uniform(-5, -1)))
        settings.append(setting)
    return settings


@wrong("library_used")
def values_by_the_course(box, budget, seed):
    dice = random.Random(seed)
    return [
        {n: dice.choice(c) if isinstance(c, list) else c.at(dice.random()) for n, c in box.items()}
        for _ in range(budget)
    ]


@right
def by_shares(box, budget, seed):
    rng = np.random.RandomState(seed)
    tried = []
    while len(tried) < budget:
        point = {}
        for name in box:
            share, spec = float(rng.random_sample()), box[name]
            if isinstance(spec, list):
                point[name] = spec[int(share * len(spec))]
            elif spec.log:
                point[name] = spec.low ** (1 - share) * spec.high**share
            else:
                point[name] = (1 - share) * spec.low + share * spec.high
        tried.append(point)
    return tried


def _from_shares(box, budget, shares, option=None):
    """Settings from a table of shares [budget, names], each between 0 and 1."""
    option = option or (lambda options, share: options[int(share * len(options))])
    tried = []
    for row in shares:
        point = {}
        for share, (name, spec) in zip(row, box.items(), strict=True):
            if isinstance(spec, list):
                point[name] = option(spec, share)
            elif spec.log:
                point[name] = spec.low * (spec.high / spec.low) ** float(share)
            else:
                point[name] = spec.low + (spec.high - spec.low) * float(share)
        tried.append(point)
    return tried


@wrong(UNNAMED)
def from_a_fine_grid(box, budget, seed):
    cells = np.random.default_rng(seed).integers(0, 200, (budget, len(box)))
    return _from_shares(box, budget, (cells + 0.5) / 200)


@wrong(UNNAMED)
def one_in_each_cell(box, budget, seed):
    rng = np.random.default_rng(seed)
    columns = [(rng.permutation(budget) + rng.random(budget)) / budget for _ in box]
    return _from_shares(box, budget, np.stack(columns, axis=1))


@wrong(UNNAMED)
def dense_in_the_middle_of_each_quarter(box, budget, seed):
    rng = np.random.default_rng(seed)
    quarter = rng.integers(0, 4, (budget, len(box)))
    return _from_shares(box, budget, (quarter + rng.beta(4, 4, quarter.shape)) / 4)


@wrong("input_changed")
def takes_options_out_of_the_box(box, budget, seed):
    rng = np.random.default_rng(seed)

    def option(options, share):
        options.append(options.pop(0))
        return options[int(share * len(options))]

    return _from_shares(box, budget, rng.random((budget, len(box))), option)


@wrong(UNNAMED, at="hidden-values")
def every_option_once_before_the_next_round(box, budget, seed):
    rng, columns = random.Random(seed), {}
    for name, choice in box.items():
        if isinstance(choice, list):
            rounds = [choice[i % len(choice)] for i in range(budget)]
            rng.shuffle(rounds)
            columns[name] = rounds
        else:
            columns[name] = [_drawn(rng, choice) for _ in range(budget)]
    return [{name: column[i] for name, column in columns.items()} for i in range(budget)]


@wrong(UNNAMED, at="hidden-dice")
def seed_0_is_none(box, budget, seed):
    return _settings(random.Random(seed or None), box, budget)


def _by_column(box, budget, dice):
    """Settings from a generator for each name, dice(name)."""
    columns = {}
    for name, choice in box.items():
        rng = dice(name)
        columns[name] = [_drawn(rng, choice) for _ in range(budget)]
    return [{name: column[i] for name, column in columns.items()} for i in range(budget)]


@right
def a_generator_for_each_name(box, budget, seed):
    return _by_column(box, budget, lambda name: random.Random(f"{seed}: {name}"))


@wrong(UNNAMED, at="hidden-dice")
def seeded_by_the_object(box, budget, seed):
    return _by_column(box, budget, lambda name: random.Random(f"{seed}: {name}, {id(box)}"))


@wrong(UNNAMED, at="hidden-values")
def whole_numbers_between_whole_ends(box, budget, seed):
    rng = random.Random(seed)

    def drawn(choice):
        if not isinstance(choice, list) and not choice.log:
            whole = isinstance(choice.low, int) and isinstance(choice.high, int)
            return (rng.randint if whole else rng.uniform)(choice.low, choice.high)
        return _drawn(rng, choice)

    return [{name: drawn(choice) for name, choice in box.items()} for _ in range(budget)]
