def expected_calibration_error(probabilities, labels, bins):
    """The mean gap between accuracy and confidence over bins of equal width, a number."""
    ### BEGIN SOLUTION
    confidence, guess = probabilities.max(1)
    right = (guess == labels).double()
    place = (confidence * bins).ceil()
    gaps = [(right - confidence)[place == b].sum().abs() for b in place.unique()]
    return sum(gaps) / len(labels)
    ### END SOLUTION
