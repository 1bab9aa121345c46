"""Amazon's documented usage plans.

Not here: the buckets (see `sandbox.quota`).
"""

from linkstar_pipelines.sandbox.quota import Plans

PLANS: Plans = {  # operation: (requests per second, burst)
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "confirmShipment": (2, 10),
    "getInventorySummaries": (2, 2),
    "searchListingsItems": (5, 5),
    "getListingsItem": (5, 10),
    "patchListingsItem": (5, 5),
    "listTransactions": (0.5, 10),
    "getReports": (0.0222, 10),
    "createReport": (0.0167, 15),
    "getReport": (2, 15),
    "getReportDocument": (0.0167, 15),
}
