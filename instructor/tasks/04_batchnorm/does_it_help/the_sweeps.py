for name, (plain, normed) in check.sweeps().items():
    print(f"{name}\nplain:\n{plain}\nnormed:\n{normed}\n")
