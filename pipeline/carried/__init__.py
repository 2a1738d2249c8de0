"""Everything but the pictures, from the source into the output."""
