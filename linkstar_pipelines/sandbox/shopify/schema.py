"""The part of the Admin API's schema (2026-10) that this side answers.

Here: types, fields and arguments as documented, and the executable schema made of them. A field that is not here is
refused as unknown. Connections are told by `nodes` and `pageInfo`; `edges` are left out.
Not here: what is answered (one module per part).
"""

from graphql import build_schema

_SDL = """
scalar DateTime
scalar Decimal
scalar URL

directive @idempotent(key: String!) on FIELD

enum OrderSortKeys { CREATED_AT ID UPDATED_AT }
enum ProductVariantSortKeys { ID SKU }
enum CountPrecision { EXACT AT_LEAST }

interface Node { id: ID! }

type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type Count { count: Int! precision: CountPrecision! }
type MoneyV2 { amount: Decimal! currencyCode: String! }
type MoneyBag { shopMoney: MoneyV2! presentmentMoney: MoneyV2! }

type AccessScope { handle: String! description: String! }
type AppInstallation implements Node { id: ID! accessScopes: [AccessScope!]! }
type Shop implements Node {
  id: ID! name: String! myshopifyDomain: String! currencyCode: String! ianaTimezone: String!
}
type Location implements Node { id: ID! name: String! isActive: Boolean! }
type LocationConnection { nodes: [Location!]! pageInfo: PageInfo! }

type MailingAddress implements Node {
  id: ID! firstName: String lastName: String name: String company: String address1: String address2: String
  city: String province: String provinceCode: String zip: String country: String countryCodeV2: String phone: String
}
type TaxLine { title: String! rate: Float ratePercentage: Float priceSet: MoneyBag! }
type LineItem implements Node {
  id: ID! sku: String title: String! name: String! vendor: String quantity: Int! currentQuantity: Int!
  unfulfilledQuantity: Int! requiresShipping: Boolean! taxable: Boolean! variant: ProductVariant
  originalUnitPriceSet: MoneyBag! totalDiscountSet: MoneyBag! taxLines(first: Int): [TaxLine!]!
}
type LineItemConnection { nodes: [LineItem!]! pageInfo: PageInfo! }
type FulfillmentTrackingInfo { company: String number: String url: URL }
type FulfillmentLineItem implements Node { id: ID! quantity: Int lineItem: LineItem! }
type FulfillmentLineItemConnection { nodes: [FulfillmentLineItem!]! pageInfo: PageInfo! }
type Fulfillment implements Node {
  id: ID! name: String! status: String! displayStatus: String createdAt: DateTime! deliveredAt: DateTime
  totalQuantity: Int! trackingInfo(first: Int): [FulfillmentTrackingInfo!]!
  fulfillmentLineItems(first: Int, after: String): FulfillmentLineItemConnection!
}
type FulfillmentOrderLineItem implements Node {
  id: ID! totalQuantity: Int! remainingQuantity: Int! lineItem: LineItem!
}
type FulfillmentOrderLineItemConnection { nodes: [FulfillmentOrderLineItem!]! pageInfo: PageInfo! }
type FulfillmentOrder implements Node {
  id: ID! status: String! requestStatus: String!
  lineItems(first: Int, after: String): FulfillmentOrderLineItemConnection!
}
type FulfillmentOrderConnection { nodes: [FulfillmentOrder!]! pageInfo: PageInfo! }
type Order implements Node {
  id: ID! legacyResourceId: String! name: String! createdAt: DateTime! processedAt: DateTime! updatedAt: DateTime!
  cancelledAt: DateTime cancelReason: String closedAt: DateTime test: Boolean! taxesIncluded: Boolean!
  currencyCode: String! presentmentCurrencyCode: String! email: String phone: String note: String
  displayFinancialStatus: String displayFulfillmentStatus: String!
  totalPriceSet: MoneyBag! totalShippingPriceSet: MoneyBag! totalTaxSet: MoneyBag totalDiscountsSet: MoneyBag
  shippingAddress: MailingAddress billingAddress: MailingAddress
  fulfillments(first: Int): [Fulfillment!]!
  fulfillmentOrders(first: Int, after: String): FulfillmentOrderConnection!
  lineItems(first: Int, after: String): LineItemConnection!
}
type OrderConnection { nodes: [Order!]! pageInfo: PageInfo! }

type Product implements Node { id: ID! title: String! status: String! vendor: String! productType: String! }
type InventoryQuantity { name: String! quantity: Int! updatedAt: DateTime }
type InventoryLevel implements Node {
  id: ID! location: Location! item: InventoryItem! quantities(names: [String!]!): [InventoryQuantity!]!
}
type InventoryLevelConnection { nodes: [InventoryLevel!]! pageInfo: PageInfo! }
type InventoryItem implements Node {
  id: ID! sku: String tracked: Boolean! requiresShipping: Boolean!
  inventoryLevel(locationId: ID!): InventoryLevel
  inventoryLevels(first: Int, after: String): InventoryLevelConnection!
}
type ProductVariant implements Node {
  id: ID! sku: String barcode: String title: String! displayName: String! price: Decimal! taxable: Boolean!
  inventoryQuantity: Int
  product: Product! inventoryItem: InventoryItem!
}
type ProductVariantConnection { nodes: [ProductVariant!]! pageInfo: PageInfo! }

type Query {
  shop: Shop!
  currentAppInstallation: AppInstallation!
  locations(first: Int, after: String): LocationConnection!
  order(id: ID!): Order
  orders(first: Int, after: String, query: String, sortKey: OrderSortKeys = ID, reverse: Boolean = false):
    OrderConnection!
  ordersCount(query: String, limit: Int = 10000): Count
  productVariant(id: ID!): ProductVariant
  productVariants(first: Int, after: String, sortKey: ProductVariantSortKeys = ID): ProductVariantConnection!
  productVariantsCount(query: String, limit: Int = 10000): Count
  inventoryItem(id: ID!): InventoryItem
}

input InventoryQuantityInput { inventoryItemId: ID! locationId: ID! quantity: Int! changeFromQuantity: Int }
input InventorySetQuantitiesInput {
  name: String! reason: String! referenceDocumentUri: String quantities: [InventoryQuantityInput!]!
}
input FulfillmentOrderLineItemInput { id: ID! quantity: Int! }
input FulfillmentOrderLineItemsInput {
  fulfillmentOrderId: ID! fulfillmentOrderLineItems: [FulfillmentOrderLineItemInput!]
}
input FulfillmentTrackingInput { company: String number: String numbers: [String!] url: URL urls: [URL!] }
input FulfillmentInput {
  lineItemsByFulfillmentOrder: [FulfillmentOrderLineItemsInput!]! notifyCustomer: Boolean = false
  trackingInfo: FulfillmentTrackingInput
}
type UserError { field: [String!] message: String! }
type InventorySetQuantitiesUserError { code: String field: [String!] message: String! }
type InventoryChange { name: String! delta: Int! quantityAfterChange: Int }
type InventoryAdjustmentGroup implements Node {
  id: ID! createdAt: DateTime! reason: String! changes: [InventoryChange!]!
}
type InventorySetQuantitiesPayload {
  inventoryAdjustmentGroup: InventoryAdjustmentGroup userErrors: [InventorySetQuantitiesUserError!]!
}
type FulfillmentCreatePayload { fulfillment: Fulfillment userErrors: [UserError!]! }

type Mutation {
  inventorySetQuantities(input: InventorySetQuantitiesInput!): InventorySetQuantitiesPayload
  fulfillmentCreate(fulfillment: FulfillmentInput!, message: String): FulfillmentCreatePayload
}
"""

SCHEMA = build_schema(_SDL)
"""The executable schema; resolvers are functions in the values that are answered."""

IDEMPOTENT = next(directive for directive in SCHEMA.directives if directive.name == "idempotent")
"""The directive that gives a mutation its key."""
