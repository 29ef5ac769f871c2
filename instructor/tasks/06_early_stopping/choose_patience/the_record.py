watched, fresh = check.small_record()
for seed in range(len(watched)):
    print(f"seed {seed}, watched: {watched[seed].tolist()}")
    print(f"          fresh: {fresh[seed].tolist()}")
