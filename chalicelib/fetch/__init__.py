"""What is fetched at somebody's word, with distrust."""
