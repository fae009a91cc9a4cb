"""Products with variants, their categories, and the shops that sell them."""
