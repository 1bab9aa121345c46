"""Layer `quality`: rows that did not fit, kept with their reason until they are mended."""

import dataframely as dy

from linkstar_pipelines.schemas import columns as c


class Quarantine(dy.Schema):
    """One row per rejected row. It leaves when its source row is made successfully: making it again is the replay."""

    table_name = c.key("Table the row was meant for, such as `core.orders`.")
    source_key = c.key("Where the row came from, such as `amazon/na/<order id>`.")
    reason = c.text("Which rules it broke, comma-separated.")
    payload = c.text("The row as JSON, personal data masked.")
    quarantined_at = c.instant("When it was rejected.")
    run_id = c.text("Run that rejected it.")
