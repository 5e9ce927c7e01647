"""ONNX Runtime through the C API of the shared library in its npm package, an image at a time.

The library is fetched and kept as tools/bench-peers does. Its table of functions only ever grows;
these are entries of
https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_c_api.h
"""
import ctypes
import os
import subprocess
import sys
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_void_p

import numpy

MESSAGE, ENVIRONMENT, SESSION, RUN, OPTIONS, THREADS, TENSOR, MEMORY = 2, 3, 7, 9, 10, 24, 49, 69
WARNINGS, FLOAT, ARENA_ALLOCATOR, DEFAULT_MEMORY = 2, 1, 1, 0


def fetch(root):
    """The library's path; None, with the reason printed, where it isn't kept and can't be fetched."""
    sys.path.insert(0, os.path.join(root, "tools", "peers"))
    import programs
    try:
        return programs.fetch_onnxruntime(os.path.join(root, "build", "peers"))
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"ONNX Runtime can't be fetched ({error}): outputs are compared with torch alone")
        return None


class OnnxRuntime:
    def __init__(self, library):
        class Base(ctypes.Structure):
            _fields_ = [("api", ctypes.CFUNCTYPE(POINTER(c_void_p), c_uint32)),
                        ("version", ctypes.CFUNCTYPE(c_char_p))]
        get_base = ctypes.CDLL(library).OrtGetApiBase
        get_base.restype = POINTER(Base)
        base = get_base().contents
        self.version = base.version().decode()
        self.table = base.api(13)
        self.environment, self.options, self.memory = c_void_p(), c_void_p(), c_void_p()
        self.call(ENVIRONMENT, c_int(WARNINGS), b"test", byref(self.environment))
        self.call(OPTIONS, byref(self.options))
        self.call(THREADS, self.options, c_int(1))
        self.call(MEMORY, c_int(ARENA_ALLOCATOR), c_int(DEFAULT_MEMORY), byref(self.memory))

    def call(self, entry, *arguments):
        # A handle is passed by value; where the function makes one, by its address.
        types = [a.__class__ if isinstance(a, (c_int, c_size_t)) else c_void_p for a in arguments]
        status = ctypes.CFUNCTYPE(c_void_p, *types)(self.table[entry])(*arguments)
        if status:
            message = ctypes.CFUNCTYPE(c_char_p, c_void_p)(self.table[MESSAGE])
            raise RuntimeError(message(status).decode())

    def tensor(self, values):
        shape = (c_int64 * values.ndim)(*values.shape)
        tensor = c_void_p()
        self.call(TENSOR, self.memory, values.ctypes.data_as(c_void_p), c_size_t(values.nbytes),
                  shape, c_size_t(values.ndim), c_int(FLOAT), byref(tensor))
        return tensor

    def run(self, path, x, outputs):
        """What the network with the input "x" and the output "y" makes of x, (N, ...)."""
        session = c_void_p()
        self.call(SESSION, self.environment, os.fsencode(path), self.options, byref(session))
        results = numpy.empty((x.shape[0], outputs), numpy.float32)
        for image, result in zip(x, results):
            image = numpy.ascontiguousarray(image[None], numpy.float32)
            given, made = self.tensor(image), self.tensor(result[None])
            self.call(RUN, session, None, (c_char_p * 1)(b"x"), (c_void_p * 1)(given),
                      c_size_t(1), (c_char_p * 1)(b"y"), c_size_t(1), (c_void_p * 1)(made))
        return results
