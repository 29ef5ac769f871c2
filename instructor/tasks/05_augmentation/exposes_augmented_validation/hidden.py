from course_utils.exercises import attempt, in_any_order


def both_at_once(x_train, y_train, x_val, y_val, augment):
    x = augment(torch.cat([x_train, x_val]))
    x_train, x_val = x[: len(x_train)], x[len(x_train) :]
    return check.training(x_train, y_train, x_val, y_val, lambda batch: batch)


def one_by_one(x_train, y_train, x_val, y_val, augment):
    x_val = torch.cat([augment(image[None]) for image in x_val.flip(0)])
    return check.training(x_train, y_train, x_val, y_val.flip(0), augment)


def the_last_image_only(x_train, y_train, x_val, y_val, augment):
    x_val = torch.cat([x_val[:-1], augment(x_val[-1:])])
    return check.training(x_train, y_train, x_val, y_val, lambda batch: batch)


def hidden_in_a_training_batch(x_train, y_train, x_val, y_val, augment):
    augment(torch.cat([x_train[:3], x_val[-1:], x_train[3:5]]))
    return check.training(x_train, y_train, x_val, y_val, augment)


def the_first_image_only(x_train, y_train, x_val, y_val, augment):
    accuracy = check.training(x_train, y_train, x_val, y_val, augment)
    augment(x_val[:1])
    return accuracy


def a_batch_of_validation_images_in_the_middle(x_train, y_train, x_val, y_val, augment):
    for batch in (x_train[:2], x_val[len(x_val) // 2 :], x_train):
        augment(batch)
    return check.training(x_train, y_train, x_val, y_val, augment)


def in_batches_as_large_as_the_validation_set(x_train, y_train, x_val, y_val, augment):
    for _ in range(2):
        augment(x_train[: len(x_val)])
    return check.training(x_train, y_train, x_val, y_val, augment)


def one_training_image_at_a_time(x_train, y_train, x_val, y_val, augment):
    x_train = torch.cat([augment(image[None]) for image in x_train.flip(0)])
    return check.training(x_train, y_train.flip(0), x_val, y_val, lambda batch: batch)


def without_gradients(x_train, y_train, x_val, y_val, augment):
    def quietly(x):
        with torch.no_grad():
            return augment(x)

    return check.training(x_train, y_train, x_val, y_val, quietly)


def once_and_for_all(x_train, y_train, x_val, y_val, augment):
    return check.training(augment(x_train), y_train, x_val, y_val, lambda batch: batch)


def also_for_the_training_score(x_train, y_train, x_val, y_val, augment):
    accuracy = check.training(x_train, y_train, x_val, y_val, augment)
    augment(x_train)
    return accuracy


def never(x_train, y_train, x_val, y_val, augment):
    return check.training(x_train, y_train, x_val, y_val, lambda batch: batch)


with (
    attempt("exposes_augmented_validation", exposes_augmented_validation) as hidden,
    in_any_order(hidden, exposes_augmented_validation) as judge,
):
    for train in (
        both_at_once,
        one_by_one,
        the_last_image_only,
        hidden_in_a_training_batch,
        the_first_image_only,
        a_batch_of_validation_images_in_the_middle,
    ):
        what = f"validation images: {train.__name__.replace('_', ' ')}"
        check.verdict(judge, train, broken=True, what=what)
    for train in (
        without_gradients,
        once_and_for_all,
        also_for_the_training_score,
        never,
        in_batches_as_large_as_the_validation_set,
        one_training_image_at_a_time,
    ):
        what = f"training images alone: {train.__name__.replace('_', ' ')}"
        check.verdict(judge, train, broken=False, what=what)
