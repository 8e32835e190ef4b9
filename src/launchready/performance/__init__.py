"""Stage D, performance of core flows: what a buyer feels on login, dashboard and upload, and the cause of it."""
