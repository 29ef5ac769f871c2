x, y = check.digits(0)
torch.manual_seed(0)
plain = torch.nn.Sequential(
    torch.nn.Flatten(), torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)
)
optimizer = torch.optim.Adam(plain.parameters(), lr=0.01)
for _ in range(100):
    optimizer.zero_grad()
    F.cross_entropy(plain(x), y).backward()
    optimizer.step()
for pixels in (0, 1, 2):
    print(f"moved by up to {pixels}: {check.moved_accuracy(plain, pixels):.1%} right")
