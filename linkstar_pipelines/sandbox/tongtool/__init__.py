"""Tongtool's (通途) side of the sandbox.

Here: the app token, the list of merchants and the queries of ERP 2.0, with Tongtool's envelope, codes and pages.
Not here: the world behind it (`sandbox.world`), faults in general (`sandbox.gateway`), pages (`sandbox.erp_pages`).
"""
