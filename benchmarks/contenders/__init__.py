"""One module per contender, each with `run(task, meter)`: reads the whole topic, in a process of its own.

A module imports its own library and nothing of another one, so that peers run in their own environments.
"""
