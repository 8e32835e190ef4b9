"""The client companies, what of them each person may see, and the people in them."""
