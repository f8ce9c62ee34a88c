"""What is handed out, and to whom it is tied."""
