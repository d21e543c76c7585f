"""What is wrong with the site: for the people of the desk and for the operator's monitor."""
