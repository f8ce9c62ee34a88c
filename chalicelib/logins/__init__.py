"""How a login goes from door to door: where who asks, what is asked and who says yes are introduced to each other."""
