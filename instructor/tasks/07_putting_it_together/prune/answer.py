def prune(score, mix):
    """The part of `mix` (a dict from technique to strength) that is needed, as a new dict."""
    ### BEGIN SOLUTION
    while mix:
        rests = {name: {k: by for k, by in mix.items() if k != name} for name in mix}
        worth = {name: paired_difference(score(mix), score(rests[name])) for name in mix}
        idle = [name for name in mix if worth[name].low <= 0]
        if not idle:
            break
        mix = rests[min(idle, key=lambda name: worth[name].mean)]
    return dict(mix)
    ### END SOLUTION
