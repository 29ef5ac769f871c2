def exposes_wrong_rule(rule):
    """True if `rule(val_losses, patience)` has one of the faults above, else False."""
    ### BEGIN SOLUTION
    records = {
        "3 2 1 2 2 2": 4,
        "3 1 1 1": 3,
        "2 1 nan 3": 3,
        "3 4 2 4 1 4 4": 6,
        "2 4 3 1": 2,
    }
    for record, stop in records.items():
        if rule([float(loss) for loss in record.split()], 2) != stop:
            return True
    return False
    ### END SOLUTION
