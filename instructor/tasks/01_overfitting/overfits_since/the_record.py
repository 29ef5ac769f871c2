train_loss, val_loss = check.small_record()
print("epoch             ", *(f"{epoch:6}" for epoch in range(train_loss.shape[1])))
for seed in range(len(val_loss)):
    print(f"seed {seed}, training:  ", *(f"{loss:6.2f}" for loss in train_loss[seed]))
    print("        validation:", *(f"{loss:6.2f}" for loss in val_loss[seed]))
print("mean validation:   ", *(f"{loss:6.3f}" for loss in val_loss.mean(0)))
