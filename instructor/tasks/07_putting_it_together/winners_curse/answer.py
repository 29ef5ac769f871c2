def winners_curse(judged, fresh, tried):
    """How much too good the winner's judged score is, a number; arrays [searches, settings]."""
    ### BEGIN SOLUTION
    winners = judged[:, :tried].argmax(1)
    searches = np.arange(len(judged))
    return (judged - fresh)[searches, winners].mean()
    ### END SOLUTION
