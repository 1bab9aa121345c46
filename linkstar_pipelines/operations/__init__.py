"""What the command line does: the demo, the servers a user leaves running, imports, reports, the doctor.

Belongs here: composing storage, orchestration and reporting into one action for a person, and showing it.
Does not belong here: any rule of the business, or parsing of arguments (`cli.py`).
"""
