"""Files that agency and client hand each other: private, limited, scanned."""
