"""C: what makes a deployment repeatable: variables, secret storage, parity of build and run time."""
