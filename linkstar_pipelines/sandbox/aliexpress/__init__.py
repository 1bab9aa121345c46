"""AliExpress as the other side of the wire: the open platform's gateway, built from its documentation alone.

Here: the wire formats, auth, signatures, limits and errors of AliExpress.
Not here: the world that is told (`sandbox.world`), or anything of the product: the two share no code.
"""
