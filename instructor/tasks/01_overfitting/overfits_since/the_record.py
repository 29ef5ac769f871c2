train_loss, val_loss = check.small_record()
for seed in range(len(val_loss)):
    print(f"seed {seed}, training:   {train_loss[seed].round(2)}")
    print(f"        validation: {val_loss[seed]}")
print(f"mean validation loss {val_loss.mean(0).round(3)}")
