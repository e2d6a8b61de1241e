"""QuickSight as code: definition files, and what makes QuickSight equal to them."""
