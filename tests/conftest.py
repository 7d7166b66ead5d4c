"""What all tests share: hypothesis tries the same examples every time, however slow the machine."""

from hypothesis import settings

settings.register_profile("deterministic", deadline=None, derandomize=True, database=None)
settings.load_profile("deterministic")

collect_ignore = ["sample_project"]  # somebody else's; tests/testing/test_sample_project.py runs it
