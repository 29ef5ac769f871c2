"""A mark from outside is the mark from inside, for every known answer; and what may cross."""

import io
import json
import struct

import numpy as np
import pytest
import torch

from instructor.course.agreement import pairs
from instructor.course.judging.judge import Judge
from instructor.course.judging.known import Mail, Opaque
from instructor.course.judging.peer import Peer
from instructor.course.judging.wire import MOST_JSON, Broken, Message, Wire
from tests.exercises import exercise, tasks, trial


@pytest.fixture(scope="module")
def judges():
    made = {}

    def judge(name: str) -> Judge:
        if name not in made:
            made[name] = Judge(exercise(name), protected=False)
        return made[name]

    yield judge
    for one in made.values():
        one.close()


@pytest.mark.parametrize(("name", "task"), tasks())
def test_known_answers_have_the_marks_that_they_have_in_process(judges, name, task) -> None:
    # One in twelve; `python3 start.py bank --judge` tries them all.
    found = list(pairs(judges(name), trial(name), exercise(name).task(task), every=12))
    assert found
    assert [str(pair) for pair in found if not pair.equal] == []


def pair() -> tuple[Peer, Peer]:
    wire = Wire(io.BytesIO(), io.BytesIO())
    return Peer("j", wire), Peer("p", wire)


def crossed(value: object) -> object:
    """What arrives at the judge of a value that the player sends."""
    judge, player = pair()
    mail = Mail([])
    written = json.loads(json.dumps(player.things.out(value, mail)))
    return judge.things.read(written, Mail(mail.arrays))


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 3, 2.5, float("inf"), "text", (1, (2.0, "x")), [1, [2]], {"a": {1: None}}),
        *({1, 2}, slice(1, None, 2), range(3), torch.float64, torch.Size([2, 3])),
    ],
)
def test_data_crosses_as_it_is(value: object) -> None:
    got = crossed(value)
    assert got == value
    assert type(got) is type(value)


def test_numbers_cross_with_their_types() -> None:
    for kind in (torch.float32, torch.float64, torch.int64, torch.bool, torch.bfloat16):
        tensor = torch.arange(6).reshape(2, 3).to(kind)
        got = crossed(tensor)
        assert got.dtype == kind
        assert torch.equal(got, tensor)
    conjugate = torch.tensor([1 + 2j, 3 - 1j]).conj()
    assert torch.equal(crossed(conjugate), torch.tensor([1 - 2j, 3 + 1j]))
    assert conjugate.imag.is_neg()  # a view, and in memory are the numbers before the minus
    assert torch.equal(crossed(conjugate.imag), torch.tensor([-2.0, 1.0]))
    array = np.array([[1.5, np.nan]], dtype=np.float32)
    assert crossed(array).dtype == array.dtype
    assert np.array_equal(crossed(array), array, equal_nan=True)
    assert isinstance(crossed(np.float64(2.0)), np.float64)


@pytest.mark.parametrize("order", [(0, 2, 3, 1), (3, 2, 1, 0), (0, 1, 3, 2)])
def test_a_transposed_tensor_arrives_transposed(order: tuple[int, ...]) -> None:
    """So that an answer that takes a `.view` of it fails outside as it does in process."""
    sent = torch.arange(120.0).reshape(2, 3, 4, 5).permute(order)
    got = crossed(sent)
    assert torch.equal(got, sent)
    assert got.stride() == sent.stride()
    layer = torch.nn.Conv2d(3, 4, 2).to(memory_format=torch.channels_last)
    assert crossed(layer).weight.stride() == layer.weight.stride()


def test_a_part_of_a_tensor_crosses_without_the_rest() -> None:
    for part in (torch.arange(24.0)[::5], torch.zeros(2, 1).expand(2, 3), torch.rand(3, 4)[:, 1:]):
        got = crossed(part)
        assert torch.equal(got, part)
        assert got.untyped_storage().nbytes() == 4 * part.numel()


def test_what_is_no_data_arrives_as_its_name() -> None:
    class Everything:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None

    got = crossed(Everything())
    assert isinstance(got, Opaque)
    assert type(got).__name__.endswith("Everything")
    assert got != 1
    assert isinstance(crossed(np.array([object()])), Opaque)


@pytest.mark.parametrize(
    "written",
    [
        ["tensor", "p0", ["float32", [1000], 0], [False, None], None],
        ["tensor", "p0", ["object", [1], 0], [False, None], None],
        ["tensor", "p0", ["uint8", [2, 4], 0, [0, 0]], [False, None], None],
        ["tensor", "p0", ["uint8", [2, 4], 0, [1, 2]], [False, None], None],
        ["tensor", "p0", ["uint8", [2, 4], 0, [0]], [False, None], None],
        ["tensor", "p0", ["uint8", [2, 4], 0, 7], [False, None], None],
        ["tensor", "p0", ["uint8", [2, 4], 0, [1, 0], [1, 0]], [False, None], None],
        ["array", "p0", ["O", [1], 0]],
        ["array", "p0", ["float64", [-1], 0]],
        ["array", "p0", ["float64", [1], 7]],
        ["object", "p0", ["os", "_wrap_close"], []],
        ["object", "p0", ["course_utils.data.dataset", "Dataset"], [["__class__", 1]]],
        ["object", "p0", ["course_utils.checks.report", "CheckFailed"], []],
        ["object", "p0", ["torch.nn.modules.module", "functools.partial"], []],
        ["object", "p0", ["course_utils.data.dataset", "SealedTestSet"], []],
        ["range", [0, 10**30, 1]],
        ["size", ["a"]],
        ["callable", "p0", [["os", "system"]] * 1000],
        ["callable", "p0", [["a\0", "b\0"]]],
        ["numpy generator", "p0", {"bit_generator": "PCG64", "state": 2**200}],
        ["generator", "p0", ["uint8", [8], 0]],
        ["scalar", ["float64", [2**70], 0]],
        ["set", [["list", "p0", []]]],
        ["known", "j0"],
        ["list", "j0", []],
        ["unheard of"],
        [],
        {"a": 1},
    ],
)
def test_what_nobody_writes_is_refused(written: object) -> None:
    judge, _ = pair()
    with pytest.raises(Broken):
        judge.things.read(written, Mail([b"\0" * 8]))


@pytest.mark.parametrize(
    "asked",
    [
        {"op": "slopes of", "key": "j0", "for": [[]], "slope": 3},
        {"op": "slopes of", "key": "j0", "for": ["j0"], "slope": ["float32", [2], 0]},
        {"op": "slopes of"},
        {"op": ["value"]},
        {"op": "value", "names": 3, "values": [], "changes": []},
        {"op": "value", "names": ["value"], "values": [1], "changes": [["j0", 3]]},
        {"op": "value", "names": ["value"], "values": [1], "changes": 7},
        {"op": "error", "values": {}, "changes": None},
    ],
)
def test_a_word_that_nobody_says_ends_the_check(asked: dict[str, object]) -> None:
    pipe = io.BytesIO()
    Wire(pipe, pipe).send(Message(asked, [b"\0" * 8]))
    pipe.seek(0)
    judge = Peer("j", Wire(pipe, io.BytesIO()))
    judge.things.add([1.0], "j0")
    with pytest.raises(Broken):
        judge.answered()
    assert judge.broken


def test_a_value_too_deep_is_refused() -> None:
    loop: list[object] = []
    for _ in range(60):
        loop = [loop]
    with pytest.raises(Broken, match="deep"):
        crossed(loop)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04K\x01.",
        struct.pack("<II", MOST_JSON + 1, 0),
        struct.pack("<II", 2, 10**9) + b"{}",
        struct.pack("<III", 2, 1, 2**32 - 1)[:8] + b"{}" + struct.pack("<I", 2**32 - 1),
        struct.pack("<II", 4, 0) + b"[[[[",
        struct.pack("<II", 2, 0) + b"[]",
    ],
)
def test_a_message_out_of_bounds_is_refused(data: bytes) -> None:
    with pytest.raises(Broken):
        Wire(io.BytesIO(data), io.BytesIO()).receive()


def test_a_message_arrives_as_it_was_sent() -> None:
    pipe = io.BytesIO()
    Wire(pipe, pipe).send(Message({"op": "value"}, [b"abc", b""]))
    pipe.seek(0)
    got = Wire(pipe, pipe).receive()
    assert (got.body, got.arrays) == ({"op": "value"}, [b"abc", b""])
