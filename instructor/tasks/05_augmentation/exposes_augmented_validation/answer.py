def exposes_augmented_validation(train):
    """True if `train` sends a validation image through `augment`, else False."""
    ### BEGIN SOLUTION
    images, labels, seen = torch.zeros(8, 1, 2, 2), torch.zeros(8).long(), []

    def spy(x):
        seen.append(x.max().item())
        return x

    train(images, labels, images + 1, labels, spy)
    return any(seen)
    ### END SOLUTION
