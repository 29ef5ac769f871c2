def corrupt_labels(y, fraction, num_classes, generator):
    """New labels [n]; each is redrawn from all classes with probability `fraction`."""
    ### BEGIN SOLUTION
    redrawn = torch.rand(len(y), generator=generator) < fraction
    drawn = torch.randint(num_classes, (len(y),), generator=generator)
    return torch.where(redrawn, drawn, y)
    ### END SOLUTION
