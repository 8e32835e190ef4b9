"""The project that joins the portal's apps: settings, addresses, logs, health, and the common page frame."""
