"""Charts and tables as files that open anywhere: HTML, PNG, SVG and PDF."""
