"""A second device for torch on a machine that has none: it counts where tensors lie.

Within `FakeDevice()` tensors that are put on `FAKE` stay in this machine's memory, but
are marked, by their storage, and so is all that is computed from them. What a GPU
refuses is refused: an operation on tensors of both places, and NumPy's look at a marked
tensor. (torch's device "meta", which holds no numbers, lends its name.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

FAKE = torch.device("meta")
# Operations that take, on a GPU too, some of their tensors from the other place.
MIXED = {"copy_", "index", "index_put", "index_put_", "_index_put_impl_"}
# What these say of the lengths of sequences stays on the host.
LENGTHS = {"_pack_padded_sequence", "_pad_packed_sequence"}


class Marks:
    """The storages that count as lying on the fake device."""

    def __init__(self) -> None:
        self.known: dict[int, StorageWeakRef] = {}
        self.room = 10_000

    def put(self, result: object) -> object:
        """Mark the tensors of a result, and return it."""
        for tensor in tensors_of(result):
            # While the weak reference lives no other storage gets its address.
            reference = StorageWeakRef(tensor.untyped_storage())
            self.known[reference.cdata] = reference
        if len(self.known) > self.room:
            self.known = {k: r for k, r in self.known.items() if not r.expired()}
            # Twice what lives: long graphs would be looked through at each operation.
            self.room = max(10_000, 2 * len(self.known))
        return result

    def __contains__(self, tensor: torch.Tensor) -> bool:
        return tensor.untyped_storage()._cdata in self.known


def tensors_of(tree: object) -> list[torch.Tensor]:
    """The tensors in nested tuples, lists and dictionaries."""
    if isinstance(tree, torch.Tensor):
        return [tree]
    if isinstance(tree, dict):
        tree = tree.values()
    elif not isinstance(tree, tuple | list):
        return []
    return [tensor for branch in tree for tensor in tensors_of(branch)]


class Operations(TorchDispatchMode):
    """Every operation, those of the backward pass too."""

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self.marks, self.copying, self.on_the_way_back = marks, False, False

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if self.copying:
            return result
        name = func.overloadpacket.__name__
        # A number of the host is at home anywhere, one of the device is not.
        tensors = tensors_of((args, kwargs))
        bound = [t for t in tensors if t.dim() > 0 or t in self.marks]
        marked = [tensor in self.marks for tensor in bound]
        first = bool(tensors) and tensors[0] in self.marks
        if self.on_the_way_back and not tensors:
            self.marks.put(result)
        elif name in LENGTHS:
            if name == "_pack_padded_sequence" and args[1] in self.marks:
                raise RuntimeError("lengths must be on the host, not on the device")
            if first:
                self.marks.put(result[0])
        elif name in MIXED:
            if any(marked) and not first and name != "copy_":
                raise RuntimeError(
                    f"{name}: indices on the device, what they index is not"
                )
            if first:
                self.marks.put(result)
        elif any(marked):
            if not all(marked):
                raise RuntimeError(
                    "Expected all tensors to be on the same device, but "
                    f"{name} got some of the fake device and some of the host"
                )
            self.marks.put(result)
        return result


class Places(TorchFunctionMode):
    """What a program asks of places: to make there, to move, to look."""

    def __init__(self, marks: Marks, operations: Operations) -> None:
        super().__init__()
        self.marks, self.operations = marks, operations

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        this = args[0] if args and isinstance(args[0], torch.Tensor) else None
        if func == torch.Tensor.device.__get__:
            return FAKE if this in self.marks else func(*args)
        if name in ("numpy", "__array__") and this in self.marks:
            raise TypeError("can't convert a tensor of the fake device to numpy")
        if name == "cpu":
            return self.moved(this, False)
        if name == "to":
            return self.to(func, args, kwargs)
        if torch.device(kwargs.get("device") or "cpu") == FAKE:
            if kwargs.get("generator") is not None:
                raise RuntimeError("Expected a generator of the device, got the host's")
            return self.marks.put(func(*args, **kwargs | {"device": "cpu"}))
        if name == "backward" and this in self.marks:
            return self.backward(func, args, kwargs)
        result = func(*args, **kwargs)
        if name in LENGTHS and this in self.marks:
            self.marks.put(result[0])  # it fills what it has made by itself
        return result

    def backward(self, func: Callable, args: tuple, kwargs: dict) -> None:
        """What this makes by itself, it makes where the gradients are."""
        self.operations.on_the_way_back = True
        try:
            func(*args, **kwargs)
        finally:
            self.operations.on_the_way_back = False

    def to(self, func: Callable, args: tuple, kwargs: dict) -> torch.Tensor:
        where, dtype = kwargs.get("device"), kwargs.get("dtype")
        for argument in args[1:]:
            if isinstance(argument, str | torch.device):
                where = argument
            elif isinstance(argument, torch.Tensor):
                where = FAKE if argument in self.marks else "cpu"
                dtype = argument.dtype
            elif isinstance(argument, torch.dtype):
                dtype = argument
        result = args[0] if dtype is None else func(args[0], dtype)
        if where is not None and torch.device(where) not in (FAKE, torch.device("cpu")):
            raise RuntimeError(f"there is no device {where}: ask runtime.device()")
        return result if where is None else self.moved(result, str(where) == "meta")

    def moved(self, tensor: torch.Tensor, to_fake: bool) -> torch.Tensor:
        """The tensor itself if it is there already, else a copy."""
        if (tensor in self.marks) == to_fake:
            return tensor
        self.operations.copying = True
        try:
            copy = tensor.clone()
        finally:
            self.operations.copying = False
        return self.marks.put(copy) if to_fake else copy


@contextmanager
def fake_device() -> Iterator[torch.device]:
    """Within this context torch has a second device, which is given."""
    marks = Marks()
    operations = Operations(marks)
    with operations, Places(marks, operations):
        yield FAKE
