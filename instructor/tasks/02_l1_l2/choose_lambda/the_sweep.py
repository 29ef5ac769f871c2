values, val_acc = check.small_sweep()
for strength, row in zip(values, val_acc, strict=True):
    print(f"λ = {strength}: {row.round(3)}, mean {row.mean():.4f}")
