inputs, targets, useful = check.some_inputs(80, 30, 3)
told = ", ".join(f"{i}: {c:+.2f}" for i, c in enumerate((inputs.T @ targets / len(targets)).tolist()))
print(f"mean of x · y, input by input: {told}")
print(f"of these {useful} are useful")
