"""Reports for people: workbooks and pages made from finished tables.

Belongs here: layout, wording in each language (`words.yaml`), charts.
Does not belong here: figures that decide something (`domain`), or when a report is made (`orchestration`).
"""
