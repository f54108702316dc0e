"""Orders to awards and prices, prices to money."""
