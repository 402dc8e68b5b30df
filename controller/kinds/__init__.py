"""The kinds of step, one file each: all that planning, prices, status and output know of a particular kind.

To add a kind: a member of ``jobs.spec.Kind`` with its version, ``jobs/steps/<kind>.py`` that does the work,
``<kind>.py`` here that declares it as ``KIND``, and its fields' rows in ``jobs.recipe.naming``. ``registry`` finds the
file by its name; no other module names a particular kind, and a test holds that.
"""
