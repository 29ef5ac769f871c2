def random_settings(box, budget, seed):
    """`budget` settings, a list of dicts from name to value; box is a dict from name to choice."""
    ### BEGIN SOLUTION
    dice = random.Random(seed)

    def draw(choice):
        if isinstance(choice, list):
            return dice.choice(choice)
        if choice.log:
            return math.exp(dice.uniform(math.log(choice.low), math.log(choice.high)))
        return dice.uniform(choice.low, choice.high)

    return [{name: draw(choice) for name, choice in box.items()} for _ in range(budget)]
    ### END SOLUTION
