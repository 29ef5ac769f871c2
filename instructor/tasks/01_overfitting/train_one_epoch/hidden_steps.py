from course_utils.data import load_dataset
from course_utils.exercises import attempt
from course_utils.models import MLP
from course_utils.training import shuffled_batches, train_epoch

with attempt("train_one_epoch", train_one_epoch, by_hand=check.TRAINING_LIBRARY) as hidden:
    digits = load_dataset("digits", n_train=70)
    for left in (None, 1.0):
        weights = []
        for step in (train_one_epoch, train_epoch):
            torch.manual_seed(3)
            model = MLP(digits.input_shape, (16,), 10, dropout=0.5).eval()
            for p in model.parameters():
                p.grad = None if left is None else torch.full_like(p, left)
            adam = torch.optim.Adam(model.parameters(), lr=0.01)
            for batches, _ in zip(shuffled_batches(70, 32, 5), range(2), strict=False):
                if step is train_epoch:
                    step(model, digits, batches, optimizer=adam)
                else:
                    step(model, digits, adam, batches)
            weights.append([p.detach().clone() for p in model.parameters()][::-1])
        on = "two epochs on 70 digits, batches of 32, dropout 0.5, Adam"
        hint = "training mode, and for each batch: loss, zero_grad, backward, step"
        if left is not None:
            on += ", a model that comes with gradients of 1"
            hint = "no step may use gradients of another pass: zero_grad before each backward"
        for mine, right in zip(*weights, strict=True):
            hidden.close("the weights of fit", mine, right, on=on, hint=hint, atol=1e-5)
