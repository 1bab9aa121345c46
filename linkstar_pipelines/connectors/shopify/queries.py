"""The GraphQL documents that are sent to Shopify.

Belongs here: what is asked of each object, and nothing of persons.
Does not belong here: when it is asked (`client.py`).

A query may cost 1,000 points as Shopify counts before it answers: one for each object, times the `first` of every
connection around it. Hence the small numbers here; what does not fit on the first page of an order's lines is asked for
order by order.
"""

from typing import Final

_MONEY: Final = "shopMoney { amount currencyCode }"
_PAGE: Final = "pageInfo { hasNextPage endCursor }"

_LINE: Final = f"""
fragment Line on LineItem {{
  id sku title quantity currentQuantity unfulfilledQuantity requiresShipping
  originalUnitPriceSet {{ {_MONEY} }}
  totalDiscountSet {{ {_MONEY} }}
  taxLines {{ title priceSet {{ {_MONEY} }} }}
}}"""

_ORDER: Final = f"""
fragment OrderFields on Order {{
  id name createdAt updatedAt cancelledAt cancelReason test taxesIncluded
  displayFinancialStatus displayFulfillmentStatus
  totalPriceSet {{ {_MONEY} }}
  totalShippingPriceSet {{ {_MONEY} }}
  shippingAddress {{ city provinceCode zip countryCodeV2 }}
  fulfillments(first: 5) {{ status displayStatus totalQuantity createdAt }}
  lineItems(first: 10) {{ nodes {{ ...Line }} {_PAGE} }}
}}{_LINE}"""

SHOP: Final = "query Shop { shop { currencyCode } currentAppInstallation { accessScopes { handle } } }"

ORDERS: Final = f"""query Orders($first: Int!, $after: String, $query: String) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{ nodes {{ ...OrderFields }} {_PAGE} }}
}}{_ORDER}"""

# Without a limit of its own the count ends at 10,000.
ORDERS_COUNT: Final = """query OrdersCount($query: String) {
  ordersCount(query: $query, limit: null) { count precision }
}"""

ORDER: Final = f"query Order($id: ID!) {{ order(id: $id) {{ ...OrderFields }} }}{_ORDER}"

ORDER_LINES: Final = f"""query OrderLines($id: ID!, $after: String) {{
  order(id: $id) {{ lineItems(first: 100, after: $after) {{ nodes {{ ...Line }} {_PAGE} }} }}
}}{_LINE}"""

VARIANTS: Final = f"""query Variants($first: Int!, $after: String) {{
  productVariants(first: $first, after: $after, sortKey: ID) {{
    nodes {{ id sku title price barcode product {{ id title status }} inventoryItem {{ id tracked }} }} {_PAGE}
  }}
}}"""

VARIANTS_COUNT: Final = "query VariantsCount { productVariantsCount(limit: null) { count precision } }"

STOCK: Final = f"""query Stock($first: Int!, $after: String) {{
  productVariants(first: $first, after: $after, sortKey: ID) {{
    nodes {{
      id sku
      inventoryItem {{
        id tracked
        inventoryLevels(first: 5) {{
          nodes {{
            location {{ id }}
            quantities(names: ["available", "committed", "incoming", "damaged"]) {{ name quantity }}
          }}
          {_PAGE}
        }}
      }}
    }}
    {_PAGE}
  }}
}}"""

LEVELS: Final = f"""query Levels($id: ID!, $after: String) {{
  inventoryItem(id: $id) {{
    inventoryLevels(first: 50, after: $after) {{
      nodes {{
        location {{ id }}
        quantities(names: ["available", "committed", "incoming", "damaged"]) {{ name quantity }}
      }}
      {_PAGE}
    }}
  }}
}}"""

LEVEL: Final = """query Level($variant: ID!, $location: ID!) {
  productVariant(id: $variant) {
    inventoryItem { id inventoryLevel(locationId: $location) { quantities(names: ["available"]) { name quantity } } }
  }
}"""

SET_QUANTITIES: Final = """mutation SetQuantities($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { code field message } }
}"""

SHIPPABLE: Final = f"""query Shippable($id: ID!) {{
  order(id: $id) {{
    fulfillments(first: 50) {{ id status trackingInfo {{ number }} }}
    fulfillmentOrders(first: 10) {{
      nodes {{
        id status
        lineItems(first: 40) {{ nodes {{ id remainingQuantity lineItem {{ id }} }} {_PAGE} }}
      }}
      {_PAGE}
    }}
  }}
}}"""

CREATE_FULFILLMENT: Final = """mutation CreateFulfillment($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id status } userErrors { field message } }
}"""
