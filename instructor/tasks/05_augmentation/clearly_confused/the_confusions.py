before, after = check.small_confusions()
for name, counts in {"before": before, "after": after}.items():
    print(f"{name}, mean over {len(counts)} seeds:\n{counts.mean(0)}")
