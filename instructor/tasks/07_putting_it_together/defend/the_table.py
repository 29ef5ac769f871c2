table = check.small_table()
best = max(table, key=lambda name: table[name].mean())
for name, acc in table.items():
    print(f"{name:22} {estimate(acc).percent()},", end=" ")
    print(f"over nothing {paired_difference(acc, table['nothing']).points()},", end=" ")
    print(f"over {best!r} {paired_difference(acc, table[best]).points()}")
