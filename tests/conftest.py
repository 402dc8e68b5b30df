"""For all tests."""

import torch  # noqa: F401  # before tensorflow: where triton is installed, the other order crashes
from hypothesis import settings

# The same cases every time, on machines of any speed.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
