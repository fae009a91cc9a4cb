"""How slow calls to the payment provider affect other orders."""
