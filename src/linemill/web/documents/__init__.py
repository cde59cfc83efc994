"""Documents: what the API says, made of what the catalog says. Plain functions; routes ask them, pages are drawn from them."""
