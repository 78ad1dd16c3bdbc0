"""Reports: gathered from what was known, drawn as HTML, PDF, CSV and XLSX, archived."""
