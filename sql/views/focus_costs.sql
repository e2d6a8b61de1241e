-- What did Rekognition cost, in the columns that tools for finance read: FOCUS 1.2
-- (https://focus.finops.org/focus-specification/v1-2/)? One row per day of use (UTC), team, source, feature and
-- price. What was reused is no charge, so it is not here; savings has it.
--
-- These are the mandatory columns of FOCUS, and the conditional ones that apply: Rekognition has no commitment
-- discounts, capacity reservations, availability zones or other currencies. Prices are those of the price
-- book: the list price is that of the first tier, the contracted price that of the tier reached. ChargeClass is
-- null: a late report changes its own day's rows instead of adding corrections. In an organization, another
-- account pays: replace BillingAccountId by its number. Athena shows names of columns in lower case.
--
-- Columns:
--   BilledCost, EffectiveCost, ContractedCost: dollars paid at the tier reached
--   BillingAccountId, BillingAccountName, BillingAccountType, SubAccountId, SubAccountName, SubAccountType: the
--     account of the lake
--   BillingCurrency: USD
--   BillingPeriodStart, BillingPeriodEnd: the calendar month in UTC, its end exclusive
--   ChargeCategory, ChargeClass, ChargeFrequency, PricingCategory: Usage, null, Usage-Based, Standard
--   ChargeDescription: the operation, feature and tier in words
--   ChargePeriodStart, ChargePeriodEnd: the day in UTC, its end exclusive
--   ConsumedQuantity, PricingQuantity: images, minutes of video, or hours of a Custom Labels model
--   ConsumedUnit, PricingUnit: Images, Minutes or Hours
--   ContractedUnitPrice: dollars of a unit at the tier reached
--   InvoiceIssuerName, ProviderName, PublisherName: AWS
--   ListCost: dollars at the price of the first tier: ListUnitPrice times PricingQuantity
--   ListUnitPrice: dollars of a unit at the first tier
--   RegionId, RegionName: the region of the price book
--   ResourceId, ResourceName, ResourceType: the Custom Labels model that ran; null for other charges
--   ServiceCategory, ServiceName, ServiceSubcategory: Amazon Rekognition and what it is among services
--   SkuId: the usage type of the bill and the line of the price book
--   SkuMeter: what is counted
--   SkuPriceDetails: null
--   SkuPriceId: the SKU and its tier
--   Tags: team, source and feature, as JSON
--   x_CostCenter, x_Source, x_Feature, x_MediaType, x_Operation, x_UsageType, x_PriceVersion: as in usage
-- Example:
--   SELECT x_CostCenter, sum(BilledCost) AS usd FROM focus_costs
--   WHERE BillingPeriodStart = timestamp '2026-11-01 00:00:00' GROUP BY x_CostCenter
CREATE OR REPLACE VIEW "${database}".focus_costs AS
SELECT
  charges.usd AS BilledCost,
  '${account}' AS BillingAccountId,
  '${account}' AS BillingAccountName,
  'Account' AS BillingAccountType,
  'USD' AS BillingCurrency,
  date_add('month', 1, charges.month) AS BillingPeriodEnd,
  charges.month AS BillingPeriodStart,
  'Usage' AS ChargeCategory,
  CAST(NULL AS varchar) AS ChargeClass,
  concat('Amazon Rekognition ', charges.operation, ' for ', charges.feature, ', tier ', charges.price_tier)
    AS ChargeDescription,
  'Usage-Based' AS ChargeFrequency,
  date_add('day', 1, charges.day) AS ChargePeriodEnd,
  charges.day AS ChargePeriodStart,
  charges.units AS ConsumedQuantity,
  meters.unit AS ConsumedUnit,
  charges.usd AS ContractedCost,
  charges.usd / charges.units AS ContractedUnitPrice,
  charges.usd AS EffectiveCost,
  'Amazon Web Services, Inc.' AS InvoiceIssuerName,
  charges.list_usd AS ListCost,
  charges.list_usd / charges.units AS ListUnitPrice,
  'Standard' AS PricingCategory,
  charges.units AS PricingQuantity,
  meters.unit AS PricingUnit,
  'AWS' AS ProviderName,
  'Amazon Web Services, Inc.' AS PublisherName,
  charges.region AS RegionId,
  coalesce(regions.name, charges.region) AS RegionName,
  charges.model AS ResourceId,
  regexp_extract(charges.model, ':project/(.+)/[0-9]+$$', 1) AS ResourceName,
  CASE WHEN charges.model IS NOT NULL THEN 'Custom Labels model' END AS ResourceType,
  'AI and Machine Learning' AS ServiceCategory,
  'Amazon Rekognition' AS ServiceName,
  'Machine Learning' AS ServiceSubcategory,
  concat(charges.usage_type, '/', charges.price_item) AS SkuId,
  meters.meter AS SkuMeter,
  CAST(NULL AS varchar) AS SkuPriceDetails,
  concat(charges.usage_type, '/', charges.price_item, '/', charges.price_tier) AS SkuPriceId,
  '${account}' AS SubAccountId,
  '${account}' AS SubAccountName,
  'Account' AS SubAccountType,
  json_format(CAST(MAP(
    ARRAY['cost_center', 'feature', 'source'],
    ARRAY[charges.cost_center, charges.feature, charges.source]
  ) AS json)) AS Tags,
  charges.cost_center AS x_CostCenter,
  charges.source AS x_Source,
  charges.feature AS x_Feature,
  charges.media_type AS x_MediaType,
  charges.operation AS x_Operation,
  charges.usage_type AS x_UsageType,
  charges.price_version AS x_PriceVersion
FROM (
  SELECT
    date_trunc('month', at) AS month,
    date_trunc('day', at) AS day,
    regexp_extract(price_version, '^(.+?)-[0-9]{4}-[0-9]{2}-[0-9]{2}$$', 1) AS region,
    cost_center,
    source,
    feature,
    media_type,
    operation,
    usage_type,
    price_item,
    price_tier,
    price_version,
    CASE WHEN operation = 'StartProjectVersion' THEN media_id END AS model,
    CASE
      WHEN price_item LIKE '%-hours' THEN 'hour'
      WHEN price_item LIKE '%-minutes' THEN 'minute'
      ELSE 'image'
    END AS measure,
    sum(units) AS units,
    sum(usd) AS usd,
    sum(list_usd) AS list_usd
  FROM "${database}".usage
  WHERE NOT reused AND usage_type IS NOT NULL
  GROUP BY
    date_trunc('month', at),
    date_trunc('day', at),
    cost_center,
    source,
    feature,
    media_type,
    operation,
    usage_type,
    price_item,
    price_tier,
    price_version,
    CASE WHEN operation = 'StartProjectVersion' THEN media_id END
  HAVING sum(units) > 0
) AS charges
JOIN (
  VALUES
    ('image', 'Images', 'Images Processed'),
    ('minute', 'Minutes', 'Minutes Of Video Processed'),
    ('hour', 'Hours', 'Inference Hours')
) AS meters (measure, unit, meter)
  ON meters.measure = charges.measure
LEFT JOIN (
  VALUES
    ('us-east-1', 'US East (N. Virginia)'),
    ('us-east-2', 'US East (Ohio)'),
    ('us-west-1', 'US West (N. California)'),
    ('us-west-2', 'US West (Oregon)'),
    ('ca-central-1', 'Canada (Central)'),
    ('eu-west-1', 'Europe (Ireland)'),
    ('eu-west-2', 'Europe (London)'),
    ('eu-central-1', 'Europe (Frankfurt)'),
    ('ap-south-1', 'Asia Pacific (Mumbai)'),
    ('ap-northeast-1', 'Asia Pacific (Tokyo)'),
    ('ap-northeast-2', 'Asia Pacific (Seoul)'),
    ('ap-southeast-1', 'Asia Pacific (Singapore)'),
    ('ap-southeast-2', 'Asia Pacific (Sydney)')
) AS regions (region, name)
  ON regions.region = charges.region
