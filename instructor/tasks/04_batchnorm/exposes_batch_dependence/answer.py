def exposes_batch_dependence(model, x):
    """True if an output depends on the rest of the batch in evaluation mode, else False."""
    ### BEGIN SOLUTION
    model.eval()
    with torch.no_grad():
        together = model(x)
        alone = torch.cat([model(sample[None]) for sample in x])
    return not torch.allclose(together, alone, atol=1e-4)
    ### END SOLUTION
