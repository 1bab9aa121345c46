"""马帮's gateway v2 as the sandbox speaks it.

Here: signature and timestamp checks, the envelope, and one module per group of interfaces. No official model of the
answers is at hand: names that `connectors/mabang` calls recalled are the sandbox's word too.
Not here: the world that is shown (see `sandbox.world`).

One account holds the whole house. Its app key is `sandbox-mabang`, its developer key `sandbox-mabang-key`.
"""
