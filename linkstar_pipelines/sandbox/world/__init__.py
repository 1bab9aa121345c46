"""The world behind the simulated platforms: accounts, products, demand, stock, orders and money.

Here: what is true, as a pure function of the seed and an instant. Not here: HTTP, wire formats, faults.
Times are whole seconds since the Unix epoch (UTC); money is whole minor units of the marketplace's currency.
"""
