"""For all tests."""

from hypothesis import settings

# The same cases every time, on machines of any speed.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
