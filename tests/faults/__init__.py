"""The fault program: a real house under fire, and a count of every page that arrived."""
