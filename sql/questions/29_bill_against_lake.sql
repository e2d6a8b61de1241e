-- Where does AWS's bill differ from what the lake counted, and why?
SELECT usage_date, usage_type, lake_units, bill_units, bill_usd - lake_usd AS more_usd, cause
FROM reconciliation
WHERE dt BETWEEN '2026-11-01' AND '2026-11-30' AND status <> 'agrees'
ORDER BY usage_date, usage_type
