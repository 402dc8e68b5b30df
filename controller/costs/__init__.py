"""What steps cost: hours and dollars, before and after they ran."""
