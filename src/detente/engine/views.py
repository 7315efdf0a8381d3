"""Arrays seen through their addresses, in compiled code."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

ENDLESS = 1 << 40
"""The length every view claims to have."""


@intrinsic
def view(_context: Any, address: Any, dtype: Any) -> Any:
    """The array of `dtype` that begins at an address; its length is the caller's business."""
    array_type = types.Array(dtype.dtype, 1, "C")

    def generate(context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        array = make_array(array_type)(context, builder)
        size = context.get_abi_sizeof(context.get_data_type(array_type.dtype))
        populate_array(
            array,
            data=builder.inttoptr(arguments[0], context.get_data_type(array_type.dtype).as_pointer()),
            shape=[context.get_constant(types.intp, ENDLESS)],
            strides=[context.get_constant(types.intp, size)],
            itemsize=context.get_constant(types.intp, size),
            meminfo=None,
        )
        return array._getvalue()

    return array_type(types.int64, dtype), generate
